//! The id of an HTTP request in the logs of every service.

use reqwest::Method;
use serde_json::{Value, json};

use crate::stack::{CEILING, Service, Stack};

const REQUEST_ID: &str = "sign-up-4711";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_request_id_is_logged_from_http_to_the_call_to_hubspot() {
    let mut stack = Stack::without_services().await;
    stack.set("RUST_LOG", "debug");
    stack.set("LOG_FORMAT", "json");
    stack.start_services().await;
    let request = stack.request(Method::PATCH, "/users/1");
    let request = request
        .header("X-Request-Id", REQUEST_ID)
        .header("traceparent", TRACEPARENT)
        .json(&json!({ "email": "bh@hubspot.com", "firstName": "Ada" }));
    assert_eq!(request.send().await.unwrap().status(), 200);
    stack.wait_for_state("1", "confirmed").await;

    for (service, message) in [
        (Service::Gateway, "answered a request"),
        (Service::User, "a request is answered"),
        (Service::Hubspot, "a call to HubSpot starts"),
    ] {
        let process = stack.process(service);
        let line = process.wait_for_line(REQUEST_ID, CEILING).await.unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        let text = line.to_string();
        assert!(text.contains(message), "{service:?}: {text}");
        assert!(text.contains(TRACEPARENT), "{service:?}: {text}");
    }
    stack.finish().await;
}
