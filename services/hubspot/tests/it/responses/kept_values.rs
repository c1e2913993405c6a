//! What HubSpot's contact has after a write that HubSpot accepted.

use contracts::{ComparisonPurpose, Confirmation, Field, FieldResult, VALUE_NOT_KEPT};
use sandbox::{Fault, KeptForm, KnownError, OldEmail};
use testing::wait::until;

use super::{NAME, failures, linked, name, rejection, switch, updates, user};
use crate::harness::{CEILING, Stack};

/// Changes the first name of the first user, and waits until that has a result.
async fn change_name(stack: &Stack, value: &str) {
    stack.users.change(&user(0), &[(NAME, value)]).await;
    stack.users.wait_until_clean(&user(0)).await;
}

fn result(stack: &Stack) -> Option<FieldResult> {
    stack.users.result(&user(0), NAME)
}

/// The batch reads that the sandbox received.
fn reads(stack: &Stack) -> usize {
    let calls = stack.sandbox.calls();
    calls
        .iter()
        .filter(|call| call.path.ends_with("batch/read"))
        .count()
}

#[tokio::test]
async fn a_value_that_the_answer_shows_takes_one_call() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    change_name(&stack, "Ada").await;
    assert_eq!(result(&stack), Some(FieldResult::CONFIRMED));
    // Blanks at the ends are no other form.
    stack
        .sandbox
        .add_fault(Fault::keep(KeptForm::Trimmed).for_property("firstname"));
    change_name(&stack, " Eva ").await;
    assert_eq!(result(&stack), Some(FieldResult::CONFIRMED));
    assert_eq!(name(&stack, 0).as_deref(), Some("Eva"));
    assert_eq!((updates(&stack).len(), reads(&stack)), (2, 0));
    worker.stop().await;
}

#[tokio::test]
async fn another_form_of_the_value_is_confirmed_and_found_by_no_comparison() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    for (form, kept) in [
        (KeptForm::Collapsed, "Ada Maria"),
        (KeptForm::Folded, "ada  maria"),
    ] {
        stack.sandbox.clear_faults();
        stack
            .sandbox
            .add_fault(Fault::keep(form).for_property("firstname"));
        change_name(&stack, "Eva").await;
        stack.sandbox.forget_calls();
        change_name(&stack, "Ada  Maria").await;
        let confirmation = Confirmation::in_form(kept.to_owned());
        assert_eq!(result(&stack), Some(FieldResult::Confirmed(confirmation)));
        assert_eq!((updates(&stack).len(), reads(&stack)), (1, 1));
        let repair = ComparisonPurpose::Drift { repair: true };
        let found = until("the worker to compare", CEILING, async || {
            stack.compare(repair).await
        })
        .await;
        assert_eq!((found.checked, found.findings), (1, vec![]));
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_value_that_is_replaced_is_rejected() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    stack
        .sandbox
        .add_fault(Fault::keep(KeptForm::Replaced).for_property("firstname"));
    change_name(&stack, "Ada").await;
    let reason = rejection(&stack, 0, NAME);
    assert_eq!((reason.code.as_str(), reason.status), (VALUE_NOT_KEPT, None));
    assert!(!reason.message.contains("Ada") && !reason.message.contains(KeptForm::REPLACEMENT));
    assert_eq!((updates(&stack).len(), reads(&stack)), (1, 1));
    // Once the workflow is gone, the next value arrives.
    stack.sandbox.clear_faults();
    change_name(&stack, "Eva").await;
    assert_eq!(result(&stack), Some(FieldResult::CONFIRMED));
    worker.stop().await;
}

#[tokio::test]
async fn a_value_that_only_a_read_shows_is_confirmed() {
    let stack = linked(3).await;
    let worker = stack.worker().await;
    stack
        .sandbox
        .add_fault(Fault::hide("firstname").on_path("batch/update"));
    stack.pause(&worker).await;
    for number in 0..3 {
        stack.users.change(&user(number), &[(NAME, "Ada")]).await;
    }
    stack.resume(3).await;
    super::wait_until_confirmed(&stack, 0..3, "Ada").await;
    assert_eq!((updates(&stack).len(), reads(&stack)), (1, 1), "one call for all");
    worker.stop().await;
}

#[tokio::test]
async fn a_property_that_is_never_shown_is_confirmed_without_being_shown() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    stack.sandbox.add_fault(Fault::hide("firstname"));
    change_name(&stack, "Ada").await;
    let not_shown = FieldResult::Confirmed(Confirmation::NOT_SHOWN);
    assert_eq!(result(&stack), Some(not_shown));
    assert_eq!(name(&stack, 0).as_deref(), Some("Ada"));
    let drift = ComparisonPurpose::Drift { repair: false };
    let found = until("the worker to compare", CEILING, async || {
        stack.compare(drift).await
    })
    .await;
    assert_eq!(found.findings, [], "it is not compared");
    worker.stop().await;
}

#[tokio::test]
async fn a_read_that_fails_leaves_the_field_dirty() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    stack
        .sandbox
        .add_fault(Fault::hide("firstname").on_path("batch/update"));
    stack.sandbox.add_fault(
        Fault::answer(KnownError::Server(500))
            .on_path("batch/read")
            .times(1),
    );
    change_name(&stack, "Ada").await;
    assert_eq!(result(&stack), Some(FieldResult::CONFIRMED));
    assert_eq!(failures(&stack, 0).await.len(), 1);
    assert_eq!(updates(&stack).len(), 2, "it was written again");
    worker.stop().await;
}

#[tokio::test]
async fn an_address_that_a_contact_lost_is_sent_again() {
    let stack = linked(1).await;
    switch(&stack, |switches| switches.old_email = OldEmail::Dropped);
    let worker = stack.worker().await;
    stack
        .users
        .change(&user(0), &[(Field::EMAIL, "ada@example.com")])
        .await;
    stack.users.wait_until_clean(&user(0)).await;
    let contact_id = stack.sandbox.contact_by_email("ada@example.com").unwrap().id;
    stack
        .sandbox
        .edit_contact(contact_id, [("email", "other@example.com")])
        .unwrap();
    // This answer shows no addresses, so the contact is read, which shows them.
    stack
        .sandbox
        .add_fault(Fault::hide("firstname").on_path("batch/update").times(1));
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    until("the address to be back", CEILING, async || {
        let held = stack.sandbox.contact_by_email("ada@example.com");
        held.map(|contact| contact.id).ok_or("nobody has it")
    })
    .await;
    stack.users.wait_until_clean(&user(0)).await;
    let confirmed = stack.users.result(&user(0), Field::EMAIL);
    assert_eq!(confirmed, Some(FieldResult::CONFIRMED));
    worker.stop().await;
}
