//! `Prefer: wait`: callers that wait for HubSpot's result.

use contracts::{Notice, ResolvedNotice};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::harness::Gateway;
use crate::scripted_user_service::{Reaction, ScriptedUserService, updated};

fn receipt(state: &str) -> Reaction {
    Reaction::Answer(json!({
        "userId": "1", "version": 7, "state": state, "resending": false, "fields": {}, "overallState": state, "attempts": 1,
        "currentVersion": 7
    }))
}

fn send(request: RequestBuilder, wait: &str) -> JoinHandle<Response> {
    let request = request.header("prefer", wait);
    tokio::spawn(async move { request.send().await.unwrap() })
}

async fn publish_resolved(gateway: &Gateway, user: &str) {
    let client = async_nats::connect(gateway.nats.url()).await.unwrap();
    let notice = json!({ "users": [{ "userId": user, "version": 7, "state": "confirmed" }] });
    client
        .publish(ResolvedNotice::SUBJECT, notice.to_string().into())
        .await
        .unwrap();
    client.flush().await.unwrap();
}

#[tokio::test]
async fn a_waiting_change_is_answered_once_it_is_resolved() {
    let gateway = Gateway::start().await;
    let script = vec![
        Reaction::Answer(updated(7)),
        receipt("pending"),
        receipt("confirmed"),
    ];
    let scripted_user_service = ScriptedUserService::start(&gateway, script).await;
    let response = send(gateway.valid_change(), "wait=20");
    scripted_user_service.wait_for_requests(2).await;
    publish_resolved(&gateway, "2").await;
    publish_resolved(&gateway, "1").await;
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["preference-applied"], "wait=20");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["sync"], json!({ "state": "confirmed", "version": 7 }));
    let requests: Vec<_> = scripted_user_service
        .requests()
        .into_iter()
        .map(|requests| requests.subject)
        .collect();
    assert_eq!(requests, ["users.update", "users.sync.get", "users.sync.get"]);
}

#[tokio::test]
async fn a_waiting_caller_gets_the_current_state_at_the_limit() {
    let gateway = Gateway::start().await;
    ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(7)), receipt("pending")]).await;
    let response = send(gateway.valid_change(), "wait=1").await.unwrap();
    assert_eq!(response.headers()["preference-applied"], "wait=1");
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        (&body["success"], &body["sync"]["state"]),
        (&json!(true), &json!("pending"))
    );
}

#[tokio::test]
async fn a_change_stays_accepted_if_its_receipt_cannot_be_read() {
    let gateway = Gateway::start().await;
    ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(7)), Reaction::Nonsense]).await;
    let response = send(gateway.valid_change(), "wait=5").await.unwrap();
    assert_eq!(response.status(), 200);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["sync"]["state"], "pending");
}

#[tokio::test]
async fn a_receipt_can_be_waited_for() {
    let gateway = Gateway::start().await;
    let script = vec![receipt("pending"), receipt("pending"), receipt("rejected")];
    let scripted_user_service = ScriptedUserService::start(&gateway, script).await;
    let response = send(gateway.request(Method::GET, "/users/1/sync"), "wait=20");
    scripted_user_service.wait_for_requests(2).await;
    publish_resolved(&gateway, "1").await;
    let response = response.await.unwrap();
    assert_eq!(response.headers()["preference-applied"], "wait=20");
    assert_eq!(response.json::<Value>().await.unwrap()["state"], "rejected");
}

#[tokio::test]
async fn a_shutdown_ends_the_wait() {
    let gateway = Gateway::start().await;
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(7)), receipt("pending")]).await;
    let response = send(gateway.valid_change(), "wait=30");
    scripted_user_service.wait_for_requests(2).await;
    gateway.stop();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    gateway.stopped().await.unwrap();
}
