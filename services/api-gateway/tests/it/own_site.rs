//! Pages of other sites: they may have a browser send things here, and nothing comes of it.

use api_gateway::Limits;
use reqwest::{Method, Response};
use testing::nats::{NatsServer, Options};

use crate::harness::{Gateway, problem, slug};

/// A gateway that is told a name.
async fn named(name: &str) -> Gateway {
    let nats = NatsServer::start(Options::default()).await.unwrap();
    Gateway::start_as(Limits::default(), nats, &[("API_GATEWAY_HOSTS", name)]).await
}

async fn ask(gateway: &Gateway, method: &Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = gateway.request(method.clone(), path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn assert_refused(answer: Response, status: u16, kind: &str) {
    assert_eq!(answer.status(), status);
    assert_eq!(slug(&problem(answer).await), kind);
}

#[tokio::test]
async fn a_name_that_was_made_to_lead_here_is_refused_on_every_path() {
    let gateway = Gateway::start().await;
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/console/main.js"),
        (Method::GET, "/users/1"),
        (Method::PATCH, "/users/1"),
        (Method::POST, "/sync/retry"),
        (Method::PUT, "/sync/pause"),
        (Method::GET, "/sync/events"),
        (Method::GET, "/healthz"),
        (Method::GET, "/metrics"),
        (Method::GET, "/nothing"),
    ] {
        let answer = ask(&gateway, &method, path, &[("host", "rebound.example:3030")]).await;
        assert_refused(answer, 421, "unknown-host").await;
    }
}

#[tokio::test]
async fn addresses_names_without_a_dot_and_names_that_were_told_are_answered() {
    let gateway = named("console.example.com").await;
    for host in [
        "127.0.0.1:3030",
        "[::1]:3030",
        "localhost:3030",
        "api-gateway",
        "console.example.com",
    ] {
        let answer = ask(&gateway, &Method::GET, "/healthz", &[("host", host)]).await;
        assert_eq!(answer.status(), 200, "{host}");
    }
    let answer = ask(&gateway, &Method::GET, "/healthz", &[("host", "example.com")]).await;
    assert_refused(answer, 421, "unknown-host").await;
}

#[tokio::test]
async fn what_a_page_of_another_origin_sends_is_refused() {
    let gateway = named("console.example.com").await;
    let host = ("host", "127.0.0.1:3030");
    for origin in [
        "https://evil.example",
        "http://127.0.0.1:8000",
        "http://10.1.2.3:3030",
        "null",
        "nonsense",
    ] {
        let answer = ask(&gateway, &Method::PUT, "/sync/pause", &[host, ("origin", origin)]).await;
        assert_refused(answer, 403, "foreign-origin").await;
    }
    // The last is that of a proxy that asks under another name than it is asked.
    for origin in ["http://127.0.0.1:3030", "https://console.example.com"] {
        let answer = ask(&gateway, &Method::PUT, "/sync/pause", &[host, ("origin", origin)]).await;
        assert_ne!(answer.status(), 403, "{origin}");
    }
}

#[tokio::test]
async fn another_site_may_lead_to_the_pages_and_to_nothing_else() {
    let gateway = Gateway::start().await;
    for site in ["cross-site", "same-site"] {
        let loaded = [("sec-fetch-site", site), ("sec-fetch-mode", "no-cors")];
        let followed = [("sec-fetch-site", site), ("sec-fetch-mode", "navigate")];
        for path in ["/", "/docs", "/users/1", "/sync/events"] {
            let answer = ask(&gateway, &Method::GET, path, &loaded).await;
            assert_refused(answer, 403, "foreign-origin").await;
        }
        for path in ["/", "/docs"] {
            let answer = ask(&gateway, &Method::GET, path, &followed).await;
            assert_eq!(answer.status(), 200, "{path}");
        }
        for (method, path) in [(Method::GET, "/users/1"), (Method::POST, "/sync/retry")] {
            let answer = ask(&gateway, &method, path, &followed).await;
            assert_refused(answer, 403, "foreign-origin").await;
        }
    }
    for site in ["same-origin", "none"] {
        let answer = ask(&gateway, &Method::GET, "/healthz", &[("sec-fetch-site", site)]).await;
        assert_eq!(answer.status(), 200, "{site}");
    }
}
