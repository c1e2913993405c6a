//! Three NATS nodes that are killed and restarted.

use reqwest::{Method, Response, StatusCode, header::RETRY_AFTER};
use serde_json::json;
use testing::wait::until;

use crate::stack::{CEILING, Callers, Stack};

const CALLERS: usize = 8;
/// Enough changes that each caller sends some while each node is down.
const CHANGES_PER_NODE: u64 = 200;

/// Repeats a change until it is accepted. While a service connects to another node, callers get 503 with `Retry-After`.
async fn change_until_accepted(stack: &Stack, name: &str) {
    until("the change to be accepted", CEILING, async || {
        let body = json!({ "email": "bh@hubspot.com", "firstName": name });
        accepted_or_retry(&stack.patch("1", body).await)
    })
    .await;
}

async fn resume_until_accepted(stack: &Stack) {
    until("the pause to end", CEILING, async || {
        let request = stack.request(Method::DELETE, "/sync/pause");
        accepted_or_retry(&request.send().await.unwrap())
    })
    .await;
}

fn accepted_or_retry(answer: &Response) -> Result<(), StatusCode> {
    match answer.status() {
        StatusCode::OK => Ok(()),
        status => {
            assert!(answer.headers().contains_key(RETRY_AFTER) || status == StatusCode::GATEWAY_TIMEOUT);
            Err(status)
        }
    }
}

async fn wait_for_delivery(stack: &Stack, name: &str) {
    stack.wait_for_property("bh@hubspot.com", "firstname", name).await;
    stack.wait_for_state("1", "confirmed").await;
}

#[tokio::test]
async fn changes_are_delivered_whichever_node_is_down() {
    let mut stack = Stack::start_in_cluster().await;
    for (node, name) in ["Ada", "Bea", "Cleo"].into_iter().enumerate() {
        stack.nats.node(node).kill().await.unwrap();
        change_until_accepted(&stack, name).await;
        wait_for_delivery(&stack, name).await;
        stack.nats.node(node).restart().await.unwrap();
        stack.nats.wait_until_healthy().await.unwrap();
    }
    stack.finish().await;
}

#[tokio::test]
async fn a_wake_up_survives_the_loss_of_the_stream_leader() {
    let mut stack = Stack::start_in_cluster().await;
    assert_eq!(stack.pause(Method::PUT).await["paused"], true);
    stack.wait_for_delivery("paused by an operator").await;
    change_until_accepted(&stack, "Ada").await;
    let leader = stack.nats.wait_for_leader("USERS").await.unwrap();
    stack.nats.node(leader).kill().await.unwrap();
    resume_until_accepted(&stack).await;
    wait_for_delivery(&stack, "Ada").await;
    stack.nats.node(leader).restart().await.unwrap();
    stack.nats.wait_until_healthy().await.unwrap();
    stack.finish().await;
}

/// The database knows which users are dirty, so changes need no stream to be accepted.
#[tokio::test]
async fn changes_without_a_quorum_are_delivered_once_it_is_back() {
    let mut stack = Stack::start_in_cluster().await;
    change_until_accepted(&stack, "Ada").await;
    wait_for_delivery(&stack, "Ada").await;
    for node in [0, 1] {
        stack.nats.node(node).kill().await.unwrap();
    }
    change_until_accepted(&stack, "Bea").await;
    stack.wait_for_user_service_check("stream", false).await;
    assert_eq!(stack.receipt("1").await.unwrap()["state"], "pending");
    for node in [0, 1] {
        stack.nats.node(node).restart().await.unwrap();
    }
    wait_for_delivery(&stack, "Bea").await;
    stack.wait_for_user_service_check("stream", true).await;
    stack.finish().await;
}

#[tokio::test]
async fn without_any_node_changes_are_rejected_until_one_is_back() {
    let mut stack = Stack::start_in_cluster().await;
    stack.nats.kill().await.unwrap();
    let rejected = until("a rejection", CEILING, async || {
        let answer = stack
            .patch("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
            .await;
        (answer.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    })
    .await;
    assert!(rejected.headers().contains_key(RETRY_AFTER));
    stack.nats.restart().await.unwrap();
    change_until_accepted(&stack, "Bea").await;
    wait_for_delivery(&stack, "Bea").await;
    stack.finish().await;
}

#[tokio::test]
async fn a_node_by_node_upgrade_loses_no_accepted_change() {
    let mut stack = Stack::start_in_cluster().await;
    let callers = Callers::start(&stack, CALLERS);
    for node in 0..stack.nats.size() {
        callers.wait_for_accepted(CHANGES_PER_NODE).await;
        stack.nats.node(node).restart().await.unwrap();
        stack.nats.wait_until_healthy().await.unwrap();
    }
    callers.wait_for_accepted(CHANGES_PER_NODE).await;
    let results = callers.stop().await;
    for caller in &results {
        let unexpected = caller
            .other
            .keys()
            .find(|answer| *answer != "503" && *answer != "504");
        assert_eq!(unexpected, None, "{caller:?}");
    }
    stack.check_accepted_changes(&results).await;
    stack.finish().await;
}
