//! The metrics of the gateway.

use reqwest::Method;

use crate::harness::Gateway;

#[tokio::test]
async fn requests_are_counted_by_path_pattern_and_known_method() {
    let gateway = Gateway::start().await;
    let made_up = Method::from_bytes(b"MAKEUP").unwrap();
    for path in ["/users/1", "/users/2", "/ada@example.com"] {
        for method in [&Method::DELETE, &made_up] {
            gateway.request(method.clone(), path).send().await.unwrap();
        }
    }
    let response = gateway.request(Method::GET, "/metrics").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    for is_counted in [
        r#"hubsync_http_requests_total{method="DELETE",path="/users/{userId}",status="405"} 2"#,
        r#"hubsync_http_requests_total{method="other",path="/users/{userId}",status="405"} 2"#,
        r#"hubsync_http_requests_total{method="DELETE",path="unknown",status="404"} 1"#,
    ] {
        assert!(text.contains(is_counted), "{is_counted} is not in {text}");
    }
    assert!(!text.contains("ada@") && !text.contains("MAKEUP"), "{text}");
}
