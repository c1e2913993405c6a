//! Contacts that were merged into others: every way in which a former id is answered.

use contracts::{FieldResult, LinkOrigin};
use sandbox::Fault;
use testing::wait::until;

use super::{NAME, contact, linked, name, switch, updates, user, wait_until_confirmed};
use crate::harness::{CEILING, Stack};

/// Somebody merges the user's contact with another one; returns the id of what they became.
fn merge(stack: &Stack) -> String {
    let other = stack.contact("other@example.com");
    let merged = stack.sandbox.merge(contact(stack, 0), other).unwrap();
    merged.id.to_string()
}

fn links(stack: &Stack) -> Vec<(String, LinkOrigin)> {
    let verdicts = stack.users.verdicts(&user(0)).into_iter();
    let links = verdicts.filter_map(|verdict| verdict.link);
    links.map(|link| (link.contact_id, link.origin)).collect()
}

#[tokio::test]
async fn a_batch_that_answers_with_another_id_is_confirmed_and_moves_the_link() {
    let stack = linked(1).await;
    switch(&stack, |switches| {
        switches.former_ids_followed = true;
        switches.trace_ids_in_results = true;
    });
    let merged = merge(&stack);
    let worker = stack.worker().await;
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    wait_until_confirmed(&stack, [0], "Ada").await;
    assert_eq!(links(&stack), [(merged, LinkOrigin::Merged)]);
    assert_eq!(updates(&stack).len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn without_trace_ids_another_id_in_the_answer_is_looked_into_before_the_link_moves() {
    let stack = linked(1).await;
    switch(&stack, |switches| switches.former_ids_followed = true);
    let merged = merge(&stack);
    let worker = stack.worker().await;
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    wait_until_confirmed(&stack, [0], "Ada").await;
    assert_eq!(links(&stack), [(merged, LinkOrigin::Merged)]);
    worker.stop().await;
}

#[tokio::test]
async fn a_former_id_that_cannot_be_read_leads_to_the_contact_by_its_address() {
    let stack = linked(1).await;
    switch(&stack, |switches| switches.former_ids_readable = false);
    let merged = merge(&stack);
    let worker = stack.worker().await;
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    wait_until_confirmed(&stack, [0], "Ada").await;
    assert_eq!(links(&stack), [(merged, LinkOrigin::PrimaryAddress)]);
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_that_is_merged_while_it_is_written_alone_moves_the_link_too() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    let silent = Fault::empty_success().on_path("batch/update").times(1);
    stack.sandbox.add_fault(silent);
    // The write alone waits long enough for the merge to come first.
    let slow: Fault = "method=PATCH,times=1,delay=1000".parse().unwrap();
    let slow = stack.sandbox.add_fault(slow);
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    until("the write alone", CEILING, async || {
        stack.sandbox.hits_of(slow) == Some(1)
    })
    .await;
    let merged = merge(&stack);
    wait_until_confirmed(&stack, [0], "Ada").await;
    assert_eq!(links(&stack), [(merged, LinkOrigin::Merged)]);
    assert_eq!(name(&stack, 0).as_deref(), Some("Ada"));
    assert_eq!(stack.users.outcome(&user(0), NAME), Some(FieldResult::Confirmed));
    worker.stop().await;
}
