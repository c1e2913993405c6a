//! `POST /sync/drift` and `POST /sync/dry-run`.

use async_nats::HeaderMap;
use contracts::{CompareUsers, ErrorCode, Request, ServiceError, headers};
use futures_util::StreamExt;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::harness::{Gateway, problem, slug};
use crate::scripted_user_service::wait_for_server;

async fn post(gateway: &Gateway, path: &str, body: &Value) -> Response {
    gateway
        .request(Method::POST, path)
        .json(body)
        .send()
        .await
        .unwrap()
}

/// Plays the worker that delivers, for one request, and returns that request.
async fn worker(gateway: &Gateway, headers: HeaderMap, response: String) -> oneshot::Receiver<Value> {
    let client = async_nats::connect(gateway.nats.url()).await.unwrap();
    let mut subscription = client.subscribe(CompareUsers::SUBJECT).await.unwrap();
    wait_for_server(&client).await;
    let (sender, received) = oneshot::channel();
    tokio::spawn(async move {
        let request = subscription.next().await.unwrap();
        sender
            .send(serde_json::from_slice(&request.payload).unwrap())
            .unwrap();
        let reply = request.reply.unwrap();
        client
            .publish_with_headers(reply, headers, response.into())
            .await
            .unwrap();
        wait_for_server(&client).await;
    });
    received
}

#[tokio::test]
async fn a_page_is_compared_by_the_worker_that_delivers() {
    let gateway = Gateway::start().await;
    let comparison = json!({
        "checked": 100, "skipped": 0, "repaired": 1, "next": "u-99",
        "findings": [{ "userId": "7", "kind": "changed", "contactId": "51", "fields": [{ "field": "firstName" }] }]
    });
    let requests = worker(&gateway, HeaderMap::new(), comparison.to_string()).await;
    let body = json!({ "after": "u-1", "repair": true });
    let response = post(&gateway, "/sync/drift", &body).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.json::<Value>().await.unwrap(), comparison);
    let expected = json!({ "purpose": { "drift": { "repair": true } }, "users": { "after": "u-1" } });
    assert_eq!(requests.await.unwrap(), expected);
}

#[tokio::test]
async fn a_dry_run_is_requested_as_such() {
    let gateway = Gateway::start().await;
    let nothing = json!({ "checked": 0, "skipped": 0, "findings": [] });
    let requests = worker(&gateway, HeaderMap::new(), nothing.to_string()).await;
    let response = post(
        &gateway,
        "/sync/dry-run",
        &json!({ "users": ["7"], "values": true }),
    )
    .await;
    assert_eq!(response.status(), 200);
    let expected = json!({ "purpose": "dryRun", "users": { "named": ["7"] }, "values": true });
    assert_eq!(requests.await.unwrap(), expected);
}

#[tokio::test]
async fn without_a_worker_the_response_says_so() {
    let gateway = Gateway::start().await;
    let response = post(&gateway, "/sync/drift", &json!({})).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    let problem = problem(response).await;
    assert_eq!(slug(&problem), "not-comparing");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("no worker delivers"), "{detail}");
}

#[tokio::test]
async fn the_reason_of_the_worker_reaches_the_caller() {
    let gateway = Gateway::start().await;
    let error = ServiceError::new(ErrorCode::Unavailable, "delivery is halted: the token is invalid");
    let mut headers_of_error = HeaderMap::new();
    headers_of_error.insert(headers::SERVICE_ERROR, "unavailable");
    headers_of_error.insert(headers::SERVICE_ERROR_CODE, "503");
    let body = serde_json::to_string(&error).unwrap();
    let requests = worker(&gateway, headers_of_error, body).await;
    let response = post(&gateway, "/sync/drift", &json!({})).await;
    assert_eq!(response.status(), 503);
    let problem = problem(response).await;
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("the token is invalid"), "{detail}");
    requests.await.unwrap();
}

#[tokio::test]
async fn an_invalid_body_is_rejected_by_the_gateway() {
    let gateway = Gateway::start().await;
    for (path, kind, body, expected) in [
        ("/sync/drift", "text/plain", "{}", (415, "unsupported-media-type")),
        ("/sync/drift", "application/json", "{", (400, "malformed-body")),
        (
            "/sync/drift",
            "application/json",
            r#"{"user":"1"}"#,
            (400, "invalid-body"),
        ),
        (
            "/sync/dry-run",
            "application/json",
            r#"{"repair":true}"#,
            (400, "invalid-body"),
        ),
    ] {
        let request = gateway.request(Method::POST, path).header("content-type", kind);
        let response = request.body(body).send().await.unwrap();
        let status = response.status().as_u16();
        assert_eq!(
            (status, slug(&problem(response).await)),
            expected,
            "{path} {body}"
        );
    }
    assert_eq!(gateway.get("/sync/drift").await.status(), 405);
}
