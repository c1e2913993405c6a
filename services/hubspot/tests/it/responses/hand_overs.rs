//! Contacts that pass from one user to another.

use contracts::{Field, FieldResult};
use testing::wait::until;

use super::{NAME, contact, email, linked, user};
use crate::harness::{CEILING, Stack};

/// Waits until each of these users is clean and linked to this contact, or to none.
async fn wait_until_linked(stack: &Stack, expected: &[(usize, Option<&str>)]) {
    until("the links", CEILING, async || {
        let differs = |(number, contact): &&(usize, Option<&str>)| {
            let name = user(*number);
            stack.users.contact(&name).as_deref() != *contact
                || Field::BUILT_IN
                    .into_iter()
                    .any(|field| stack.users.is_dirty(&name, field))
        };
        match expected.iter().find(differs) {
            None => Ok(()),
            Some((number, _)) => Err((*number, stack.users.contact(&user(*number)))),
        }
    })
    .await;
}

fn first_name(stack: &Stack, address: &str) -> Option<String> {
    stack.property(address, "firstname")
}

fn is_held_by_another_user(stack: &Stack, number: usize) -> bool {
    let result = stack.users.result(&user(number), Field::EMAIL);
    matches!(result, Some(FieldResult::Conflict { reason }) if reason.code == "CONTACT_OF_ANOTHER_USER")
}

#[tokio::test]
async fn two_users_who_exchange_their_addresses_exchange_their_contacts() {
    let stack = linked(2).await;
    let contacts = [contact(&stack, 0), contact(&stack, 1)];
    for (number, name) in [(0, "Ada"), (1, "Eva")] {
        let other = email(1 - number);
        stack
            .users
            .change(&user(number), &[(Field::EMAIL, &other), (NAME, name)])
            .await;
    }
    let worker = stack.worker().await;
    wait_until_linked(&stack, &[(0, Some(&contacts[1])), (1, Some(&contacts[0]))]).await;
    assert_eq!(first_name(&stack, &email(1)).as_deref(), Some("Ada"));
    assert_eq!(first_name(&stack, &email(0)).as_deref(), Some("Eva"));
    worker.stop().await;
}

#[tokio::test]
async fn the_user_of_the_primary_address_gets_the_contact_of_a_secondary_one() {
    let stack = linked(1).await;
    let id = contact(&stack, 0);
    // The user's address becomes a secondary one.
    let edit = [("email", "primary@example.com")];
    stack.sandbox.edit_contact(&id, edit).unwrap();
    let worker = stack.worker().await;
    stack.users.change(&user(0), &[(NAME, "Ada")]).await;
    wait_until_linked(&stack, &[(0, Some(&id))]).await;
    let change = [(Field::EMAIL, "primary@example.com"), (NAME, "Eva")];
    stack.users.change(&user(1), &change).await;
    wait_until_linked(&stack, &[(0, None), (1, Some(&id))]).await;
    assert!(is_held_by_another_user(&stack, 0));
    let name = first_name(&stack, "primary@example.com");
    assert_eq!(name.as_deref(), Some("Eva"));
    worker.stop().await;
}

#[tokio::test]
async fn a_user_gets_the_contact_of_an_address_that_another_user_gave_up() {
    let stack = linked(1).await;
    let id = contact(&stack, 0);
    let worker = stack.worker().await;
    // Another contact has the new address, so the user is linked to that one.
    let other = stack.contact("other@example.com");
    stack
        .users
        .change(&user(0), &[(Field::EMAIL, "other@example.com"), (NAME, "Ada")])
        .await;
    wait_until_linked(&stack, &[(0, Some(&other))]).await;
    let former = email(0);
    stack
        .users
        .change(&user(1), &[(Field::EMAIL, &former), (NAME, "Ida")])
        .await;
    wait_until_linked(&stack, &[(1, Some(&id)), (0, Some(&other))]).await;
    assert_eq!(first_name(&stack, &former).as_deref(), Some("Ida"));
    worker.stop().await;
}

#[tokio::test]
async fn of_two_users_whose_contacts_are_merged_one_keeps_the_contact() {
    let stack = linked(2).await;
    let worker = stack.worker().await;
    let merged = stack
        .sandbox
        .merge(contact(&stack, 0), contact(&stack, 1))
        .unwrap();
    let id = merged.id.to_string();
    for (number, name) in [(1, "Eva"), (0, "Ada")] {
        stack.users.change(&user(number), &[(NAME, name)]).await;
    }
    // The primary address is that of the first one.
    wait_until_linked(&stack, &[(0, Some(&id)), (1, None)]).await;
    assert!(is_held_by_another_user(&stack, 1));
    assert_eq!(first_name(&stack, &email(0)).as_deref(), Some("Ada"));
    worker.stop().await;
}

#[tokio::test]
async fn values_of_the_former_user_are_cleared_unless_somebody_corrected_them() {
    let stack = linked(1).await;
    let id = contact(&stack, 0);
    let edit = [("email", "primary@example.com")];
    stack.sandbox.edit_contact(&id, edit).unwrap();
    let worker = stack.worker().await;
    let change = [(NAME, "Ada"), (Field::LAST_NAME, "Former")];
    stack.users.change(&user(0), &change).await;
    wait_until_linked(&stack, &[(0, Some(&id))]).await;
    let correction = [("firstname", "Corrected")];
    stack.sandbox.edit_contact(&id, correction).unwrap();
    stack
        .users
        .change(&user(1), &[(Field::EMAIL, "primary@example.com")])
        .await;
    wait_until_linked(&stack, &[(0, None), (1, Some(&id))]).await;
    stack.users.wait_until_clean(&user(1)).await;
    let property = |name: &str| stack.property("primary@example.com", name).unwrap_or_default();
    assert_eq!(
        (property("firstname").as_str(), property("lastname").as_str()),
        ("Corrected", "")
    );
    worker.stop().await;
}
