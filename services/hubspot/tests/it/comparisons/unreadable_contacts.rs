//! Contacts whose reads always fail.

use contracts::{Field, FindingKind};
use sandbox::{Fault, KnownError};
use testing::wait::until;
use user::rules::Row;

use super::{DRIFT, confirmed, contact_of, findings};
use crate::harness::{CEILING, Stack};

/// Every read of this user's contact fails.
fn make_unreadable(stack: &Stack, user: &str, error: KnownError) {
    let contact = contact_of(stack, user);
    let fault = Fault::answer(error).on_path("batch/read").for_contact(contact);
    stack.sandbox.add_fault(fault);
}

/// Links the user to another contact without a call for that contact.
async fn relink(stack: &Stack, user: &str, contact_id: String) {
    let edit = |row: &mut Row| row.link.as_mut().unwrap().contact_id = contact_id;
    stack.users.edit_row(user, edit).await;
}

#[tokio::test]
async fn it_is_named_in_the_answer_and_others_are_compared() {
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
        make_unreadable(&stack, "c", error);
        stack.sandbox.forget_calls();
        let found = stack.compare(DRIFT).await.unwrap();
        assert_eq!((findings(&found), found.checked), (expected.to_vec(), 8));
        assert_eq!(
            stack.sandbox.calls().len(),
            7,
            "the whole page, and halves three times"
        );
        stack.sandbox.clear_faults();
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_that_was_read_before_tells_it_from_an_outage() {
    let (stack, worker) = confirmed(&["known"]).await;
    let other = stack.contact("other@example.com");
    relink(&stack, "known", other).await;
    make_unreadable(&stack, "other", KnownError::Server(500));
    let found = stack.compare(DRIFT).await.unwrap();
    assert_eq!(findings(&found), [("known", FindingKind::NotReported)]);
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_that_was_written_tells_it_from_an_outage() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    stack.contact("known@example.com");
    let fields = [(Field::EMAIL, "known@example.com"), (Field::FIRST_NAME, "Ada")];
    stack.users.change("known", &fields).await;
    stack.users.wait_until_clean("known").await;
    let other = stack.contact("other@example.com");
    relink(&stack, "known", other).await;
    make_unreadable(&stack, "other", KnownError::Server(500));
    let found = until("the worker to answer", CEILING, async || {
        stack.compare(DRIFT).await
    })
    .await;
    assert_eq!(findings(&found), [("known", FindingKind::NotReported)]);
    worker.stop().await;
}

#[tokio::test]
async fn the_rest_of_a_page_tells_four_of_them_from_an_outage() {
    let users = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let (stack, worker) = confirmed(&users).await;
    worker.stop().await;
    for user in ["a", "c", "e", "g"] {
        make_unreadable(&stack, user, KnownError::Server(500));
    }
    // This worker has neither read nor written a contact.
    let worker = stack.start_worker(&[]).await;
    let found = until("the worker to answer", CEILING, async || {
        stack.compare(DRIFT).await
    })
    .await;
    let expected = ["a", "c", "e", "g"].map(|user| (user, FindingKind::NotReported));
    assert_eq!(findings(&found), expected);
    worker.stop().await;
}

#[tokio::test]
async fn the_sweep_continues_after_it() {
    let (stack, worker) = confirmed(&["1", "2"]).await;
    worker.stop().await;
    make_unreadable(&stack, "1", KnownError::Server(500));
    let worker = stack.start_worker(&[("HUBSPOT_DRIFT_EVERY_HOURS", "24")]).await;
    until("a pass of the sweep", CEILING, async || {
        let text = worker.metrics.text();
        let passed = !text.contains("hubsync_drift_last_pass_timestamp_seconds 0\n");
        let is_counted = text.contains("hubsync_drift_findings_total{finding=\"not_reported\"} 1\n");
        if passed && is_counted { Ok(()) } else { Err(text) }
    })
    .await;
    stack.users.change("2", &[(Field::FIRST_NAME, "Ada")]).await;
    stack.users.wait_until_clean("2").await;
    worker.stop().await;
}
