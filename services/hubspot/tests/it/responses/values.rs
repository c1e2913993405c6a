//! Values and properties that HubSpot rejects.

use contracts::{Field, FieldResult};
use sandbox::{Fault, KnownError};

use super::{NAME, contact, linked, name, rejection, switch, updates, user, wait_until_confirmed};

#[tokio::test]
async fn an_invalid_address_is_rejected_and_the_name_confirmed() {
    let stack = linked(2).await;
    let worker = stack.worker().await;
    // As one input of a partial answer, and as an answer of its own.
    for (number, partial_batches) in [(0, true), (1, false)] {
        switch(&stack, |switches| switches.partial_batches = partial_batches);
        let change = [(Field::EMAIL, "ada@example.test"), (NAME, "Ada")];
        stack.users.change(&user(number), &change).await;
        wait_until_confirmed(&stack, [number], "Ada").await;
        let reason = rejection(&stack, number, Field::EMAIL);
        assert_eq!(reason.code, "INVALID_EMAIL");
        assert_eq!(reason.message, "Email address ada@example.test is invalid");
        assert!(reason.correlation_id.is_some(), "{reason:?}");
    }
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_rejection_that_names_no_property_is_found_field_by_field() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    let fault = Fault::answer(KnownError::Unspecific).for_property("lastname");
    stack.sandbox.add_fault(fault);
    let change = [(NAME, "Ada"), (Field::LAST_NAME, "Lovelace")];
    stack.users.change(&user(0), &change).await;
    wait_until_confirmed(&stack, [0], "Ada").await;
    let reason = rejection(&stack, 0, Field::LAST_NAME);
    assert_eq!(
        (reason.code.as_str(), reason.status),
        ("VALIDATION_ERROR", Some(400))
    );
    assert!(reason.correlation_id.is_some());
    let patches = stack.sandbox.calls();
    let patches = patches.iter().filter(|call| call.method == "PATCH");
    assert_eq!((updates(&stack).len(), patches.count()), (1, 2));
    worker.stop().await;
}

#[tokio::test]
async fn a_value_that_hubspot_cannot_read_affects_its_user_alone() {
    let stack = linked(2).await;
    let worker = stack.worker().await;
    let fault = Fault::answer(KnownError::Unspecific).for_contact(contact(&stack, 0));
    stack.sandbox.add_fault(fault);
    stack.pause(&worker).await;
    for number in 0..2 {
        stack.users.change(&user(number), &[(NAME, "Ada")]).await;
    }
    stack.resume(2).await;
    wait_until_confirmed(&stack, [1], "Ada").await;
    stack.users.wait_until_clean(&user(0)).await;
    assert!(matches!(
        stack.users.result(&user(0), NAME),
        Some(FieldResult::Rejected { .. })
    ));
    assert_eq!(name(&stack, 0), None);
    worker.stop().await;
}
