//! Contacts that were merged into others: every answer of HubSpot to a former id.

use contracts::{FieldResult, LinkOrigin};
use sandbox::Fault;
use testing::wait::until;

use super::{NAME, contact, linked, name, switch, updates, user, wait_until_confirmed};
use crate::harness::{CEILING, Stack};

/// Merges the user's contact with another one, and returns the id of the merged contact.
fn merge(stack: &Stack) -> String {
    let other = stack.contact("other@example.com");
    let merged = stack.sandbox.merge(contact(stack, 0), other).unwrap();
    merged.id.to_string()
}

async fn links(stack: &Stack) -> Vec<(String, LinkOrigin)> {
    let links = stack.users.reported_links(&user(0)).await.into_iter();
    links.map(|link| (link.contact_id, link.origin)).collect()
}

#[tokio::test]
async fn another_id_in_the_answer_of_a_batch_moves_the_link() {
    let stack = linked(1).await;
    switch(&stack, |switches| {
        switches.former_ids_followed = true;
        switches.trace_ids_in_results = true;
    });
    let merged = merge(&stack);
    let worker = stack.worker().await;
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    wait_until_confirmed(&stack, [0], "Ada").await;
    assert_eq!(links(&stack).await, [(merged, LinkOrigin::Merged)]);
    assert_eq!(updates(&stack).len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn without_trace_ids_another_id_is_read_before_the_link_moves() {
    let stack = linked(1).await;
    switch(&stack, |switches| switches.former_ids_followed = true);
    let merged = merge(&stack);
    let worker = stack.worker().await;
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    wait_until_confirmed(&stack, [0], "Ada").await;
    assert_eq!(links(&stack).await, [(merged, LinkOrigin::Merged)]);
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_whose_former_id_is_unreadable_is_found_by_address() {
    let stack = linked(1).await;
    switch(&stack, |switches| switches.former_ids_readable = false);
    let merged = merge(&stack);
    let worker = stack.worker().await;
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    wait_until_confirmed(&stack, [0], "Ada").await;
    assert_eq!(links(&stack).await, [(merged, LinkOrigin::Merged)]);
    worker.stop().await;
}

#[tokio::test]
async fn a_merge_during_a_single_write_moves_the_link() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    let empty = Fault::empty_success().on_path("batch/update").times(1);
    stack.sandbox.add_fault(empty);
    // The single write waits long enough for the merge to come first.
    let slow: Fault = "method=PATCH,times=1,delay=1000".parse().unwrap();
    let slow = stack.sandbox.add_fault(slow);
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    until("the single write", CEILING, async || {
        stack.sandbox.hits_of(slow) == Some(1)
    })
    .await;
    let merged = merge(&stack);
    wait_until_confirmed(&stack, [0], "Ada").await;
    assert_eq!(links(&stack).await, [(merged, LinkOrigin::Merged)]);
    assert_eq!(name(&stack, 0).as_deref(), Some("Ada"));
    assert_eq!(stack.users.result(&user(0), NAME), Some(FieldResult::CONFIRMED));
    worker.stop().await;
}
