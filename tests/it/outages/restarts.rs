//! A service or NATS stops between the acceptance of a change and its delivery.

use std::time::Duration;

use reqwest::Method;
use sandbox::Switches;
use serde_json::json;

use crate::stack::{CEILING, Service, Stack};

/// Accepts a change while no hubspot service runs.
async fn accepted_and_waiting() -> Stack {
    let mut stack = Stack::start().await;
    stack.stop_service(Service::Hubspot).await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    assert_eq!(stack.receipt("1").await.unwrap()["state"], "pending");
    stack
}

async fn start_hubspot_and_wait_for_delivery(mut stack: Stack) {
    stack.start_service(Service::Hubspot).await;
    stack
        .wait_for_property("bh@hubspot.com", "firstname", "Ada")
        .await;
    stack.wait_until_gateway_is_ready().await;
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}

#[tokio::test]
async fn an_update_survives_a_hubspot_service_that_is_down() {
    start_hubspot_and_wait_for_delivery(accepted_and_waiting().await).await;
}

#[tokio::test]
async fn an_update_survives_a_restart_of_the_user_service() {
    let mut stack = accepted_and_waiting().await;
    stack.restart_service(Service::User).await;
    start_hubspot_and_wait_for_delivery(stack).await;
}

#[tokio::test]
async fn an_update_survives_the_death_of_the_user_service() {
    let mut stack = accepted_and_waiting().await;
    stack.kill_service(Service::User).await;
    stack.start_service(Service::User).await;
    start_hubspot_and_wait_for_delivery(stack).await;
}

#[tokio::test]
async fn an_update_survives_a_restart_of_the_gateway() {
    let mut stack = accepted_and_waiting().await;
    stack.restart_service(Service::Gateway).await;
    start_hubspot_and_wait_for_delivery(stack).await;
}

#[tokio::test]
async fn an_update_survives_a_restart_of_nats() {
    let mut stack = accepted_and_waiting().await;
    stack.nats.restart().await.unwrap();
    start_hubspot_and_wait_for_delivery(stack).await;
}

#[tokio::test]
async fn an_update_survives_the_loss_of_the_disk_of_nats() {
    let mut stack = accepted_and_waiting().await;
    assert_eq!(stack.wake_ups().await, Ok(1));
    stack.nats.kill().await.unwrap();
    stack.nats.wipe().unwrap();
    stack.nats.restart().await.unwrap();
    start_hubspot_and_wait_for_delivery(stack).await;
}

#[tokio::test]
async fn nats_can_lose_its_disk_while_services_run() {
    let mut stack = Stack::start().await;
    stack.nats.kill().await.unwrap();
    stack.nats.wipe().unwrap();
    stack.nats.restart().await.unwrap();
    stack.wait_until_gateway_is_ready().await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}

#[tokio::test]
async fn an_update_survives_a_hubspot_service_killed_in_a_call() {
    let mut stack = Stack::start().await;
    let usual = stack.sandbox.switches();
    stack.sandbox.set_switches(Switches {
        latency_ms: 5_000,
        ..usual.clone()
    });
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    testing::wait::until("a running call", CEILING, async || {
        stack
            .receipt("1")
            .await
            .is_some_and(|receipt| receipt["attempts"] == 1)
    })
    .await;
    stack.kill_service(Service::Hubspot).await;
    stack.sandbox.set_switches(usual);
    start_hubspot_and_wait_for_delivery(stack).await;
}

#[tokio::test]
async fn a_second_hubspot_service_takes_over_when_the_first_dies() {
    let mut stack = Stack::start().await;
    let first = stack.process(Service::Hubspot).pid();
    stack.set(
        "HUBSPOT_HEALTH_LISTEN",
        &format!("127.0.0.1:{}", testing::ports::free_port().unwrap()),
    );
    let mut active = stack.take(Service::Hubspot);
    stack.start_service(Service::Hubspot).await;
    assert_ne!(stack.process(Service::Hubspot).pid(), first);
    active.kill().unwrap();
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}

#[tokio::test]
async fn a_pause_survives_restarts_until_it_is_resumed() {
    let mut stack = Stack::start().await;
    assert_eq!(stack.pause(Method::PUT).await["paused"], true);
    for service in [Service::User, Service::Hubspot] {
        stack.restart_service(service).await;
    }
    // The hubspot service learns this from the user service, so both have restarted.
    stack.wait_for_delivery("paused by an operator").await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    let writes = |stack: &Stack| {
        stack
            .sandbox
            .calls()
            .iter()
            .filter(|call| call.method != "GET")
            .count()
    };
    assert_eq!(writes(&stack), 0);
    assert_eq!(stack.receipt("1").await.unwrap()["state"], "pending");
    assert_eq!(stack.pause(Method::GET).await["paused"], true);
    assert_eq!(stack.pause(Method::DELETE).await["paused"], false);
    stack
        .wait_for_property("bh@hubspot.com", "firstname", "Ada")
        .await;
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}

#[tokio::test]
async fn a_locked_database_gives_callers_503_with_retry_after() {
    let stack = Stack::start().await;
    let change = || stack.patch("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }));
    assert_eq!(change().await.status(), 200);
    let database = stack.database();
    let locking = faults::injection::database::lock(&database, Duration::from_secs(3));
    let calling = async {
        let rejected = testing::wait::until("a rejection", CEILING, async || {
            Some(change().await).filter(|answer| answer.status() != 200)
        })
        .await;
        // The answer is 503 instead of 504, because it is known that nothing was accepted.
        assert_eq!(rejected.status(), 503);
        assert!(rejected.headers().contains_key("retry-after"));
        assert_eq!(
            stack.user("1").await.unwrap()["firstName"],
            "Ada",
            "reads still work"
        );
    };
    let (locked, ()) = tokio::join!(locking, calling);
    locked.unwrap();
    assert_eq!(change().await.status(), 200);
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}
