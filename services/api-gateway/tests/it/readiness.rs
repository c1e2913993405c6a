//! `/healthz` and `/readyz`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api_gateway::Limits;
use reqwest::Method;
use serde_json::Value;
use testing::nats::{NatsServer, Options};

use crate::harness::{Gateway, problem};
use crate::scripted_user_service::{Reaction, ScriptedUserService, updated};

#[tokio::test]
async fn the_gateway_is_ready_while_a_user_service_answers() {
    let gateway = Gateway::start().await;
    assert_eq!(gateway.get("/readyz").await.status(), 503);
    ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(7))]).await;
    gateway.wait_until_check("user", true).await;
    let response = gateway.get("/readyz").await;
    assert_eq!(response.status(), 200);
    let report: Value = response.json().await.unwrap();
    assert_eq!(
        (&report["name"], &report["ready"]),
        (&"api-gateway".into(), &true.into())
    );
}

#[tokio::test]
async fn the_gateway_is_alive_whatever_it_can_reach() {
    let mut gateway = Gateway::start().await;
    gateway.nats.kill().await.unwrap();
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(
            gateway.request(method, "/healthz").send().await.unwrap().status(),
            200
        );
    }
}

#[tokio::test]
async fn clocks_that_differ_are_reported_but_the_gateway_is_ready() {
    let gateway = Gateway::start().await;
    let behind = SystemTime::now() - Duration::from_mins(1);
    let behind_ms = u64::try_from(behind.duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    ScriptedUserService::start(&gateway, vec![Reaction::AnswerAt(updated(7), behind_ms)]).await;
    gateway.wait_until_check("clock", true).await;
    assert_eq!(gateway.valid_change().send().await.unwrap().status(), 200);
    gateway.wait_until_check("clock", false).await;
    gateway.wait_until_check("user", true).await;
    assert_eq!(gateway.get("/readyz").await.status(), 200);
}

#[tokio::test]
async fn a_gateway_that_does_not_know_the_fields_answers_503_and_is_not_ready() {
    let nats = NatsServer::start(Options::default()).await.unwrap();
    let gateway = Gateway::start_without_fields(Limits::default(), nats, &[]).await;
    gateway.wait_until_check("nats", true).await;
    gateway.wait_until_check("fields", false).await;
    for request in [
        gateway.valid_change(),
        gateway.request(Method::GET, "/users/1"),
        gateway.request(Method::GET, "/fields"),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 503);
        let document = problem(response).await;
        assert!(
            document["detail"].to_string().contains("which fields a user has"),
            "{document}"
        );
    }
}
