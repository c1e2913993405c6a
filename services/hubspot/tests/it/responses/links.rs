//! Which contact a user is linked to: addresses of other contacts, secondary addresses, archived contacts.

use contracts::{Field, FieldResult, LinkOrigin};
use sandbox::ConflictBody;
use testing::wait::until;

use super::{NAME, contact, email, linked, name, switch, user, wait_until_confirmed};
use crate::harness::{CEILING, Stack};

const BODIES: [ConflictBody; 3] = [
    ConflictBody::WithId,
    ConflictBody::WithoutId,
    ConflictBody::ObjectAlreadyExists,
];

/// An address that another contact has.
fn of_another(number: usize) -> String {
    format!("other{number}@example.com")
}

/// The contact that was found last for the user, and how.
async fn last_link(stack: &Stack, number: usize) -> (String, LinkOrigin) {
    let mut links = stack.users.reported_links(&user(number)).await;
    let link = links.pop().unwrap();
    (link.contact_id, link.origin)
}

#[tokio::test]
async fn an_address_in_conflict_is_followed_whatever_hubspot_answers() {
    let stack = linked(2 * BODIES.len()).await;
    let worker = stack.worker().await;
    let cases = BODIES.iter().flat_map(|body| [(*body, true), (*body, false)]);
    for (number, (conflict_body, partial_batches)) in cases.enumerate() {
        switch(&stack, |switches| {
            switches.conflict_body = conflict_body;
            switches.partial_batches = partial_batches;
        });
        let holder = stack.contact(&of_another(number));
        let change = [(Field::EMAIL, of_another(number)), (NAME, "Ada".to_owned())];
        let change = change.each_ref().map(|(field, value)| (*field, value.as_str()));
        stack.users.change(&user(number), &change).await;
        until("the name on the other contact", CEILING, async || {
            stack.property(&of_another(number), "firstname").as_deref() == Some("Ada")
        })
        .await;
        stack.users.wait_until_clean(&user(number)).await;
        assert_eq!(
            last_link(&stack, number).await,
            (holder, LinkOrigin::Followed),
            "{conflict_body:?}"
        );
        assert_eq!(
            name(&stack, number),
            None,
            "the user's former contact is not written"
        );
    }
    worker.stop().await;
}

#[tokio::test]
async fn an_address_in_conflict_is_reported_if_the_settings_say_so() {
    let stack = linked(2 * BODIES.len()).await;
    let worker = stack.start_worker(&[("HUBSPOT_EMAIL_CONFLICT", "reject")]).await;
    let cases = BODIES.iter().flat_map(|body| [(*body, true), (*body, false)]);
    for (number, (conflict_body, partial_batches)) in cases.enumerate() {
        switch(&stack, |switches| {
            switches.conflict_body = conflict_body;
            switches.partial_batches = partial_batches;
        });
        stack.contact(&of_another(number));
        let change = [(Field::EMAIL, of_another(number)), (NAME, "Ada".to_owned())];
        let change = change.each_ref().map(|(field, value)| (*field, value.as_str()));
        stack.users.change(&user(number), &change).await;
        wait_until_confirmed(&stack, [number], "Ada").await;
        let Some(FieldResult::Conflict { reason }) = stack.users.result(&user(number), Field::EMAIL) else {
            panic!("no conflict: {:?}", stack.users.reported(&user(number)).await)
        };
        assert!(reason.message.contains("already exists"), "{reason:?}");
        assert!(reason.correlation_id.is_some(), "{reason:?}");
        assert_eq!(stack.property(&of_another(number), "firstname"), None);
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_secondary_address_finds_the_contact_and_stays_secondary() {
    let stack = Stack::start().await;
    let id = stack.contact(&email(0));
    stack
        .sandbox
        .edit_contact(&id, [("email", "new@example.com")])
        .unwrap();
    let worker = stack.worker().await;
    let address = email(0);
    let change = [(Field::EMAIL, address.as_str()), (NAME, "Ada")];
    stack.users.change(&user(0), &change).await;
    wait_until_confirmed(&stack, [0], "Ada").await;
    assert_eq!(
        last_link(&stack, 0).await,
        (id.clone(), LinkOrigin::SecondaryAddress)
    );
    let primary = stack.property("new@example.com", "email");
    assert_eq!(primary.as_deref(), Some("new@example.com"));
    worker.stop().await;
}

#[tokio::test]
async fn an_archived_contact_is_not_created_again() {
    let stack = linked(1).await;
    let worker = stack
        .start_worker(&[("HUBSPOT_CONTACT_NOT_FOUND", "create")])
        .await;
    stack.sandbox.archive(contact(&stack, 0)).unwrap();
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    stack.users.wait_until_clean(&user(0)).await;
    assert_eq!(stack.users.result(&user(0), NAME), Some(FieldResult::NotFound));
    assert!(stack.sandbox.contact_by_email(&email(0)).is_none());
    worker.stop().await;
}
