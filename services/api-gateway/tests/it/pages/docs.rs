//! `GET /openapi.json` and `GET /docs`.

use reqwest::Method;
use serde_json::Value;

use crate::harness::Gateway;

#[tokio::test]
async fn the_document_is_served_with_a_tag() {
    let gateway = Gateway::start().await;
    let response = gateway.get("/openapi.json").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    let tag = response.headers()["etag"].clone();
    let document: Value = response.json().await.unwrap();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let again = gateway.request(Method::GET, "/openapi.json");
    let again = again.header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(again.headers()["etag"], tag);
}

/// `docs/openapi.json` is for people and tools that read the repository. `UPDATE_OPENAPI=1` writes it again.
#[tokio::test]
async fn the_document_in_the_repository_is_the_one_that_is_served() {
    let gateway = Gateway::start().await;
    let served = gateway.get("/openapi.json").await.text().await.unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &served).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap();
    assert!(
        stored == served,
        "docs/openapi.json is out of date; run the tests of api-gateway with UPDATE_OPENAPI=1"
    );
}

#[tokio::test]
async fn the_page_shows_every_operation_problem_and_schema_of_the_document() {
    let gateway = Gateway::start().await;
    let document: Value = gateway.get("/openapi.json").await.json().await.unwrap();
    let page = gateway.get("/docs").await.text().await.unwrap();
    let methods = document["paths"].as_object().unwrap().values();
    let methods = methods.flat_map(|path| path.as_object().unwrap().values());
    let operations = methods.filter_map(|operation| operation["operationId"].as_str());
    let problems = document["x-problems"].as_array().unwrap().iter();
    let problems = problems.map(|problem| format!("problem-{}", problem["slug"].as_str().unwrap()));
    let schemas = document["components"]["schemas"].as_object().unwrap().keys();
    let schemas = schemas.map(|name| format!("schema-{name}"));
    let shown: Vec<_> = operations
        .map(str::to_owned)
        .chain(problems)
        .chain(schemas)
        .collect();
    assert!(shown.len() > 50, "{shown:?}");
    for id in shown {
        assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
    }
}

#[tokio::test]
async fn every_link_of_the_page_works() {
    let gateway = Gateway::start().await;
    let response = gateway.get("/docs").await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let page = response.text().await.unwrap();
    assert!(
        !page.contains("<script") && !page.contains("style="),
        "it needs neither"
    );
    for target in page
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
    {
        match target.strip_prefix('#') {
            Some(id) => assert!(page.contains(&format!("id=\"{id}\"")), "{target}"),
            None => assert_eq!(gateway.get(target).await.status(), 200, "{target}"),
        }
    }
}

#[tokio::test]
async fn a_command_line_can_be_pasted_into_a_shell() {
    let gateway = Gateway::start().await;
    let page = gateway.get("/docs").await.text().await.unwrap();
    for line in [
        "curl http://GATEWAY/users/1/sync</code>",
        "curl -N http://GATEWAY/sync/events</code>",
        "curl -X DELETE http://GATEWAY/sync/pause</code>",
        "curl -X POST http://GATEWAY/sync/retry \\\n  -H &#39;Content-Type: application/json&#39; \\\n  \
         -d &#39;{&quot;users&quot;:[&quot;7&quot;,&quot;8&quot;]}&#39;</code>",
        "curl -X POST http://GATEWAY/users/import \\\n  -H &#39;Content-Type: text/csv&#39; \\\n  -T body</code>",
    ] {
        let line = line.replace("GATEWAY", &gateway.address.to_string());
        assert!(page.contains(&line), "{line}");
    }
}

#[tokio::test]
async fn a_command_line_has_the_address_that_the_reader_used() {
    let gateway = Gateway::start().await;
    for (headers, address) in [
        (vec![("host", "localhost:8080")], "http://localhost:8080"),
        (vec![("host", "[::1]:8080")], "http://[::1]:8080"),
        (
            vec![("host", "gateway"), ("x-forwarded-proto", "https")],
            "https://gateway",
        ),
    ] {
        let mut request = gateway.request(Method::GET, "/docs");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let page = request.send().await.unwrap().text().await.unwrap();
        assert!(
            page.contains(&format!("curl {address}/users/1/sync</code>")),
            "{address}"
        );
        assert!(!page.contains("gateway.invalid"), "{address}");
    }
}
