//! `/healthz` and `/readyz`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::Value;

use crate::harness::Gateway;
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
