//! Which contact is the user's: addresses that are taken, secondary ones, contacts that are gone.

use contracts::{AttemptResult, Field, FieldResult, LinkOrigin};
use sandbox::ConflictBody;
use testing::wait::until;

use super::{NAME, contact, email, linked, name, switch, user, wait_until_confirmed};
use crate::harness::{CEILING, Stack};

const BODIES: [ConflictBody; 3] = [
    ConflictBody::WithId,
    ConflictBody::WithoutId,
    ConflictBody::ObjectAlreadyExists,
];

fn taken(number: usize) -> String {
    format!("taken{number}@example.com")
}

/// The user's last link.
fn link_of(stack: &Stack, number: usize) -> (String, LinkOrigin) {
    let verdicts = stack.users.verdicts(&user(number)).into_iter();
    let links = verdicts.filter_map(|verdict: AttemptResult| verdict.link);
    let link = links.last().unwrap();
    (link.contact_id, link.origin)
}

#[tokio::test]
async fn a_taken_address_is_followed_whether_or_not_hubspot_names_who_holds_it() {
    let stack = linked(2 * BODIES.len()).await;
    let worker = stack.worker().await;
    let cases = BODIES.iter().flat_map(|body| [(*body, true), (*body, false)]);
    for (number, (conflict_body, partial_batches)) in cases.enumerate() {
        switch(&stack, |switches| {
            switches.conflict_body = conflict_body;
            switches.partial_batches = partial_batches;
        });
        let holder = stack.contact(&taken(number));
        let change = [(Field::EMAIL, taken(number)), (NAME, "Ada".to_owned())];
        let change = change.each_ref().map(|(field, value)| (*field, value.as_str()));
        stack.users.change(&user(number), &change).await;
        until("the name on the other contact", CEILING, async || {
            stack.property(&taken(number), "firstname").as_deref() == Some("Ada")
        })
        .await;
        stack.users.wait_until_settled(&user(number)).await;
        assert_eq!(
            link_of(&stack, number),
            (holder, LinkOrigin::Followed),
            "{conflict_body:?}"
        );
        assert_eq!(
            name(&stack, number),
            None,
            "the user's former contact is left alone"
        );
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_taken_address_is_reported_where_it_is_not_to_be_followed() {
    let stack = linked(2 * BODIES.len()).await;
    let worker = stack.start_worker(&[("HUBSPOT_EMAIL_CONFLICT", "reject")]).await;
    let cases = BODIES.iter().flat_map(|body| [(*body, true), (*body, false)]);
    for (number, (conflict_body, partial_batches)) in cases.enumerate() {
        switch(&stack, |switches| {
            switches.conflict_body = conflict_body;
            switches.partial_batches = partial_batches;
        });
        stack.contact(&taken(number));
        let change = [(Field::EMAIL, taken(number)), (NAME, "Ada".to_owned())];
        let change = change.each_ref().map(|(field, value)| (*field, value.as_str()));
        stack.users.change(&user(number), &change).await;
        wait_until_confirmed(&stack, [number], "Ada").await;
        let Some(FieldResult::Conflict { reason }) = stack.users.outcome(&user(number), Field::EMAIL) else {
            panic!("not taken: {:?}", stack.users.verdicts(&user(number)))
        };
        assert!(reason.message.contains("already exists"), "{reason:?}");
        assert!(reason.correlation_id.is_some(), "{reason:?}");
        assert_eq!(stack.property(&taken(number), "firstname"), None);
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_secondary_address_finds_the_contact_and_is_not_made_its_primary_one() {
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
    assert_eq!(link_of(&stack, 0), (id.clone(), LinkOrigin::SecondaryAddress));
    let primary = stack.property("new@example.com", "email");
    assert_eq!(primary.as_deref(), Some("new@example.com"));
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_that_was_archived_is_not_made_anew() {
    let stack = linked(1).await;
    let worker = stack
        .start_worker(&[("HUBSPOT_CONTACT_NOT_FOUND", "create")])
        .await;
    stack.sandbox.archive(contact(&stack, 0)).unwrap();
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    stack.users.wait_until_settled(&user(0)).await;
    assert_eq!(stack.users.outcome(&user(0), NAME), Some(FieldResult::NotFound));
    assert!(stack.sandbox.contact_by_email(&email(0)).is_none());
    worker.stop().await;
}
