//! Contacts that make HubSpot fail whenever they are asked for.

use contracts::{Field, FindingKind};
use sandbox::{Fault, KnownError};
use testing::wait::until;

use super::{DRIFT, confirmed, contact_of, findings};
use crate::harness::{CEILING, Stack};

/// HubSpot fails whenever that user's contact is read.
fn poison(stack: &Stack, user: &str, error: KnownError) {
    let contact = contact_of(stack, user);
    let fault = Fault::answer(error).on_path("batch/read").for_contact(contact);
    stack.sandbox.add_fault(fault);
}

#[tokio::test]
async fn others_are_compared_and_it_is_not_reported() {
    let users = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let (stack, worker) = confirmed(&users).await;
    let edited = contact_of(&stack, "h");
    stack
        .sandbox
        .edit_contact(edited, [("firstname", "Eva")])
        .unwrap();
    let expected = [("c", FindingKind::NotReported), ("h", FindingKind::Changed)];
    for error in [
        KnownError::Server(500),
        KnownError::Unspecific,
        KnownError::ContactForbidden,
    ] {
        poison(&stack, "c", error);
        stack.sandbox.forget_calls();
        let found = stack.users.compare(DRIFT).await.unwrap();
        assert_eq!((findings(&found), found.checked), (expected.to_vec(), 8));
        assert_eq!(
            stack.sandbox.calls().len(),
            7,
            "the whole, and halves three times"
        );
        stack.sandbox.clear_faults();
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_page_of_nobody_else_is_told_from_an_outage_by_a_contact_that_was_read_before() {
    let (stack, worker) = confirmed(&["known"]).await;
    let other = stack.contact("poison@example.com");
    let account = stack.sandbox.portal_id().to_string();
    stack.users.link("known", "poison@example.com", &other, &account);
    poison(&stack, "poison", KnownError::Server(500));
    let found = stack.users.compare(DRIFT).await.unwrap();
    assert_eq!(findings(&found), [("known", FindingKind::NotReported)]);
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_that_was_written_tells_it_from_an_outage_as_well() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    stack.contact("known@example.com");
    let fields = [(Field::EMAIL, "known@example.com"), (Field::FIRST_NAME, "Ada")];
    stack.users.change("known", &fields).await;
    stack.users.wait_until_settled("known").await;
    let other = stack.contact("poison@example.com");
    let account = stack.sandbox.portal_id().to_string();
    stack.users.link("known", "poison@example.com", &other, &account);
    poison(&stack, "poison", KnownError::Server(500));
    let found = until("the worker to answer", CEILING, async || {
        stack.users.compare(DRIFT).await
    })
    .await;
    assert_eq!(findings(&found), [("known", FindingKind::NotReported)]);
    worker.stop().await;
}

#[tokio::test]
async fn one_in_each_quarter_of_a_page_is_told_from_an_outage_by_the_others() {
    let users = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let (stack, worker) = confirmed(&users).await;
    worker.stop().await;
    for user in ["a", "c", "e", "g"] {
        poison(&stack, user, KnownError::Server(500));
    }
    // It has neither read nor written anybody.
    let worker = stack.start_worker(&[]).await;
    let found = until("the worker to answer", CEILING, async || {
        stack.users.compare(DRIFT).await
    })
    .await;
    let expected = ["a", "c", "e", "g"].map(|user| (user, FindingKind::NotReported));
    assert_eq!(findings(&found), expected);
    worker.stop().await;
}

#[tokio::test]
async fn the_sweep_goes_on_behind_it() {
    let (stack, worker) = confirmed(&["1", "2"]).await;
    worker.stop().await;
    poison(&stack, "1", KnownError::Server(500));
    let worker = stack.start_worker(&[("HUBSPOT_DRIFT_EVERY_HOURS", "24")]).await;
    until("a pass of the sweep", CEILING, async || {
        let text = worker.metrics.text();
        let passed = !text.contains("hubsync_drift_last_pass_timestamp_seconds 0\n");
        let told = text.contains("hubsync_drift_findings_total{finding=\"not_reported\"} 1\n");
        if passed && told { Ok(()) } else { Err(text) }
    })
    .await;
    stack.users.change("2", &[(Field::FIRST_NAME, "Ada")]).await;
    stack.users.wait_until_settled("2").await;
    worker.stop().await;
}
