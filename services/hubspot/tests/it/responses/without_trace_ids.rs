//! Results without trace ids, and messages in another language. A client that relies on either fails here.

use contracts::{Field, FieldResult, LinkOrigin};
use futures_util::future::join_all;
use sandbox::{ConflictBody, MessageLanguage};

use super::{NAME, email, linked, name, rejection, switch, updates, user};
use crate::harness::Stack;

const USERS: usize = 30;

fn name_of(number: usize) -> String {
    format!("Name {number}")
}

#[tokio::test]
async fn updates_are_matched_by_contact_in_any_order() {
    for traced in [false, true] {
        let stack = linked(USERS).await;
        switch(&stack, |switches| switches.trace_ids_in_results = traced);
        let worker = stack.worker().await;
        stack.pause(&worker).await;
        let change = async |number| {
            let value = name_of(number);
            // Every third address is rejected, so that some inputs of a batch are in its errors.
            let address = if number % 3 == 0 {
                format!("user{number}@example.test")
            } else {
                email(number)
            };
            let fields = [(NAME, value.as_str()), (Field::EMAIL, address.as_str())];
            stack.users.change(&user(number), &fields).await;
        };
        join_all((0..USERS).map(change)).await;
        stack.resume(USERS).await;
        for number in 0..USERS {
            stack.users.wait_until_clean(&user(number)).await;
            assert_eq!(name(&stack, number), Some(name_of(number)));
            assert_eq!(
                stack.users.result(&user(number), NAME),
                Some(FieldResult::CONFIRMED)
            );
            if number % 3 == 0 {
                assert_eq!(rejection(&stack, number, Field::EMAIL).code, "INVALID_EMAIL");
            }
        }
        // One batch for all users, and a second one with the names of those whose address was rejected.
        assert_eq!(updates(&stack).len(), 2, "traced: {traced}");
        let is_single = |call: &sandbox::Call| call.method == "PATCH";
        assert!(!stack.sandbox.calls().iter().any(is_single), "traced: {traced}");
        worker.stop().await;
    }
}

#[tokio::test]
async fn created_contacts_are_matched_by_address_in_any_order() {
    for traced in [false, true] {
        let stack = Stack::start().await;
        switch(&stack, |switches| switches.trace_ids_in_results = traced);
        let worker = stack
            .start_worker(&[("HUBSPOT_CONTACT_NOT_FOUND", "create")])
            .await;
        stack.pause(&worker).await;
        let change = async |number| {
            let (value, address) = (name_of(number), email(number).to_uppercase());
            let fields = [(NAME, value.as_str()), (Field::EMAIL, address.as_str())];
            stack.users.change(&user(number), &fields).await;
        };
        join_all((0..USERS).map(change)).await;
        stack.resume(USERS).await;
        for number in 0..USERS {
            stack.users.wait_until_clean(&user(number)).await;
            assert_eq!(name(&stack, number), Some(name_of(number)));
            let links = stack.users.reported_links(&user(number)).await;
            let contact = stack.sandbox.contact_by_email(&email(number)).unwrap();
            assert_eq!(links.len(), 1);
            assert_eq!(
                (links[0].contact_id.clone(), links[0].origin),
                (contact.id.to_string(), LinkOrigin::Created)
            );
        }
        let mut creates = stack.sandbox.calls();
        creates.retain(|call| call.path.ends_with("batch/create"));
        assert_eq!(creates.len(), 1, "traced: {traced}");
        worker.stop().await;
    }
}

#[tokio::test]
async fn results_are_the_same_in_another_language() {
    for (partial_batches, conflict_body) in [
        (true, ConflictBody::WithId),
        (false, ConflictBody::WithId),
        (false, ConflictBody::ObjectAlreadyExists),
    ] {
        let stack = linked(4).await;
        switch(&stack, |switches| {
            switches.message_language = MessageLanguage::German;
            switches.partial_batches = partial_batches;
            switches.conflict_body = conflict_body;
        });
        let holder = stack.contact("other@example.com");
        stack.sandbox.archive(super::contact(&stack, 3)).unwrap();
        let worker = stack.worker().await;
        for (number, address) in [
            (0, "new@example.com"),
            (1, "user1@example.test"),
            (2, "other@example.com"),
            (3, "gone@example.com"),
        ] {
            let fields = [(Field::EMAIL, address), (NAME, "Ada")];
            stack.users.change(&user(number), &fields).await;
            stack.users.wait_until_clean(&user(number)).await;
        }
        let result = |number, field| stack.users.result(&user(number), field);
        assert_eq!(result(0, Field::EMAIL), Some(FieldResult::CONFIRMED));
        let reason = rejection(&stack, 1, Field::EMAIL);
        assert_eq!(reason.code, "INVALID_EMAIL");
        assert!(!reason.message.contains("invalid"), "{reason:?}");
        assert_eq!(result(1, NAME), Some(FieldResult::CONFIRMED));
        let link = stack.users.reported_links(&user(2)).await.pop().unwrap();
        assert_eq!((link.contact_id, link.origin), (holder, LinkOrigin::Followed));
        assert_eq!(result(3, NAME), Some(FieldResult::NotFound));
        worker.stop().await;
    }
}
