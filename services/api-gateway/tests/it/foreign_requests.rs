//! Requests that a page of another site makes a browser send. The gateway rejects them.

use api_gateway::Limits;
use reqwest::{Method, Response};
use testing::nats::{NatsServer, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Gateway, problem, slug};

/// Starts a gateway with this name in `API_GATEWAY_HOSTS`.
async fn start_with_host(name: &str) -> Gateway {
    let nats = NatsServer::start(Options::default()).await.unwrap();
    Gateway::start_as(Limits::default(), nats, &[("API_GATEWAY_HOSTS", name)]).await
}

async fn send_request(gateway: &Gateway, method: &Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = gateway.request(method.clone(), path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn assert_rejected(response: Response, status: u16, kind: &str) {
    assert_eq!(response.status(), status);
    assert_eq!(slug(&problem(response).await), kind);
}

#[tokio::test]
async fn a_rebound_name_is_rejected_on_every_path() {
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
        let response = send_request(&gateway, &method, path, &[("host", "rebound.example:3030")]).await;
        assert_rejected(response, 421, "unknown-host").await;
    }
}

#[tokio::test]
async fn addresses_plain_and_listed_names_are_accepted() {
    let gateway = start_with_host("console.example.com").await;
    for host in [
        "127.0.0.1:3030",
        "[::1]:3030",
        "localhost:3030",
        "api-gateway",
        "console.example.com",
    ] {
        let response = send_request(&gateway, &Method::GET, "/healthz", &[("host", host)]).await;
        assert_eq!(response.status(), 200, "{host}");
    }
    let response = send_request(&gateway, &Method::GET, "/healthz", &[("host", "example.com")]).await;
    assert_rejected(response, 421, "unknown-host").await;
}

/// Requests that programs can send. `reqwest` would always set `Host`, so they are written by hand.
#[tokio::test]
async fn an_empty_or_missing_host_is_allowed() {
    let gateway = Gateway::start().await;
    for (head, status) in [
        ("GET /healthz HTTP/1.1\r\nHost:\r\n", "200"),
        ("GET /healthz HTTP/1.1\r\nHost: \r\n", "200"),
        ("GET /healthz HTTP/1.0\r\n", "200"),
        (
            "GET /healthz HTTP/1.1\r\nHost:\r\nOrigin: http://10.0.0.1\r\n",
            "403",
        ),
        ("GET http://rebound.example/healthz HTTP/1.1\r\nHost:\r\n", "421"),
        ("GET /healthz HTTP/1.1\r\nHost: :3030\r\n", "421"),
    ] {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        let request = format!("{head}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        assert_eq!(response.split(' ').nth(1), Some(status), "{head:?}: {response}");
    }
}

#[tokio::test]
async fn a_request_from_another_origin_is_rejected() {
    let gateway = start_with_host("console.example.com").await;
    let host = ("host", "127.0.0.1:3030");
    for origin in [
        "https://evil.example",
        "http://127.0.0.1:8000",
        "http://10.1.2.3:3030",
        "null",
        "nonsense",
    ] {
        let response = send_request(&gateway, &Method::PUT, "/sync/pause", &[host, ("origin", origin)]).await;
        assert_rejected(response, 403, "foreign-origin").await;
    }
    let response = send_request(
        &gateway,
        &Method::PUT,
        "/sync/pause",
        &[host, ("origin", "http://127.0.0.1:3030")],
    )
    .await;
    assert_ne!(response.status(), 403);
}

#[tokio::test]
async fn an_origin_matches_the_host_with_or_without_default_port() {
    let gateway = Gateway::start().await;
    for (host, origin, is_own) in [
        ("10.0.0.1:80", "http://10.0.0.1", true),
        ("10.0.0.1", "http://10.0.0.1:80", true),
        ("10.0.0.1:443", "https://10.0.0.1", true),
        ("10.0.0.1", "https://10.0.0.1", true),
        ("[fd00::1]:80", "http://[fd00::1]", true),
        ("LOCALHOST:80", "http://localhost", true),
        ("10.0.0.1:80", "https://10.0.0.1", false),
        ("10.0.0.1:443", "http://10.0.0.1", false),
        ("10.0.0.1", "http://10.0.0.1:8080", false),
        ("10.0.0.1:8080", "http://10.0.0.1", false),
        ("10.0.0.1:80", "http://10.0.0.2", false),
        ("localhost", "capacitor://localhost", false),
    ] {
        let headers = [("host", host), ("origin", origin)];
        let response = send_request(&gateway, &Method::PUT, "/sync/pause", &headers).await;
        assert_eq!(response.status() != 403, is_own, "{origin} at {host}");
    }
}

#[tokio::test]
async fn a_listed_origin_is_accepted_whatever_the_host() {
    let gateway = start_with_host("console.example.com,192.168.1.5,fd00::1").await;
    for (origin, is_listed) in [
        ("https://console.example.com", true),
        ("http://192.168.1.5", true),
        ("http://192.168.1.5:8080", true),
        ("http://[fd00::1]", true),
        ("http://192.168.1.6", false),
        ("http://[fd00::2]", false),
    ] {
        let headers = [("host", "127.0.0.1:3030"), ("origin", origin)];
        let response = send_request(&gateway, &Method::PUT, "/sync/pause", &headers).await;
        assert_eq!(response.status() != 403, is_listed, "{origin}");
    }
}

#[tokio::test]
async fn another_site_may_link_to_the_pages_only() {
    let gateway = Gateway::start().await;
    for site in ["cross-site", "same-site"] {
        let loaded = [("sec-fetch-site", site), ("sec-fetch-mode", "no-cors")];
        let followed = [("sec-fetch-site", site), ("sec-fetch-mode", "navigate")];
        for path in ["/", "/docs", "/users/1", "/sync/events"] {
            let response = send_request(&gateway, &Method::GET, path, &loaded).await;
            assert_rejected(response, 403, "foreign-origin").await;
        }
        for path in ["/", "/docs"] {
            let response = send_request(&gateway, &Method::GET, path, &followed).await;
            assert_eq!(response.status(), 200, "{path}");
        }
        for (method, path) in [(Method::GET, "/users/1"), (Method::POST, "/sync/retry")] {
            let response = send_request(&gateway, &method, path, &followed).await;
            assert_rejected(response, 403, "foreign-origin").await;
        }
    }
    for site in ["same-origin", "none"] {
        let response = send_request(&gateway, &Method::GET, "/healthz", &[("sec-fetch-site", site)]).await;
        assert_eq!(response.status(), 200, "{site}");
    }
}
