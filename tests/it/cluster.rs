//! Three nodes of NATS, which come and go.

use reqwest::{Method, Response, StatusCode, header::RETRY_AFTER};
use serde_json::json;
use testing::wait::until;

use crate::stack::{CEILING, Callers, Stack};

const CALLERS: usize = 8;
/// Enough that each of the callers meets every node's end.
const BETWEEN_TWO_NODES: u64 = 200;

/// Callers are told to come back while a service finds another node.
async fn change_in_the_end(stack: &Stack, name: &str) {
    until("the change to be accepted", CEILING, async || {
        let body = json!({ "email": "bh@hubspot.com", "firstName": name });
        done_or_come_back(&stack.patch("1", body).await)
    })
    .await;
}

async fn resume_in_the_end(stack: &Stack) {
    until("the pause to end", CEILING, async || {
        let request = stack.request(Method::DELETE, "/sync/pause");
        done_or_come_back(&request.send().await.unwrap())
    })
    .await;
}

fn done_or_come_back(answer: &Response) -> Result<(), StatusCode> {
    match answer.status() {
        StatusCode::OK => Ok(()),
        status => {
            assert!(answer.headers().contains_key(RETRY_AFTER) || status == StatusCode::GATEWAY_TIMEOUT);
            Err(status)
        }
    }
}

async fn is_delivered(stack: &Stack, name: &str) {
    stack.wait_for_property("bh@hubspot.com", "firstname", name).await;
    stack.wait_for_state("1", "confirmed").await;
}

#[tokio::test]
async fn changes_arrive_whichever_node_is_down() {
    let mut stack = Stack::start_in_cluster().await;
    for (node, name) in ["Ada", "Bea", "Cleo"].into_iter().enumerate() {
        stack.nats.node(node).kill().await.unwrap();
        change_in_the_end(&stack, name).await;
        is_delivered(&stack, name).await;
        stack.nats.node(node).restart().await.unwrap();
        stack.nats.wait_until_well().await.unwrap();
    }
    stack.finish().await;
}

#[tokio::test]
async fn a_wake_up_outlives_the_node_that_leads_the_stream() {
    let mut stack = Stack::start_in_cluster().await;
    assert_eq!(stack.pause(Method::PUT).await["paused"], true);
    stack.wait_for_line("paused by an operator").await;
    change_in_the_end(&stack, "Ada").await;
    let leader = stack.nats.wait_for_leader("USERS").await.unwrap();
    stack.nats.node(leader).kill().await.unwrap();
    resume_in_the_end(&stack).await;
    is_delivered(&stack, "Ada").await;
    stack.nats.node(leader).restart().await.unwrap();
    stack.nats.wait_until_well().await.unwrap();
    stack.finish().await;
}

/// The database holds what is owed, so there is no reason to refuse a change.
#[tokio::test]
async fn without_a_quorum_changes_are_accepted_and_arrive_once_it_is_back() {
    let mut stack = Stack::start_in_cluster().await;
    change_in_the_end(&stack, "Ada").await;
    is_delivered(&stack, "Ada").await;
    for node in [0, 1] {
        stack.nats.node(node).kill().await.unwrap();
    }
    change_in_the_end(&stack, "Bea").await;
    stack.wait_until_user_service_says("stream", false).await;
    assert_eq!(stack.receipt("1").await.unwrap()["state"], "pending");
    for node in [0, 1] {
        stack.nats.node(node).restart().await.unwrap();
    }
    is_delivered(&stack, "Bea").await;
    stack.wait_until_user_service_says("stream", true).await;
    stack.finish().await;
}

#[tokio::test]
async fn without_any_node_changes_are_refused_until_one_is_back() {
    let mut stack = Stack::start_in_cluster().await;
    stack.nats.kill().await.unwrap();
    let refused = until("a refusal", CEILING, async || {
        let answer = stack
            .patch("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
            .await;
        (answer.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    })
    .await;
    assert!(refused.headers().contains_key(RETRY_AFTER));
    stack.nats.restart().await.unwrap();
    change_in_the_end(&stack, "Bea").await;
    is_delivered(&stack, "Bea").await;
    stack.finish().await;
}

#[tokio::test]
async fn an_upgrade_node_by_node_loses_nothing_and_callers_may_come_back() {
    let mut stack = Stack::start_in_cluster().await;
    let callers = Callers::start(&stack, CALLERS);
    for node in 0..stack.nats.size() {
        callers.wait_for_accepted(BETWEEN_TWO_NODES).await;
        stack.nats.node(node).restart().await.unwrap();
        stack.nats.wait_until_well().await.unwrap();
    }
    callers.wait_for_accepted(BETWEEN_TWO_NODES).await;
    let told = callers.stop().await;
    for caller in &told {
        let unexpected = caller
            .other
            .keys()
            .find(|answer| *answer != "503" && *answer != "504");
        assert_eq!(unexpected, None, "{caller:?}");
    }
    stack.check_kept(&told).await;
    stack.finish().await;
}
