//! Every response that HubSpot is known to give, and what becomes of the changes that met it.

mod account_faults;
mod admin_rules;
mod batches;
mod connections;
mod creates;
mod hand_overs;
mod kept_values;
mod links;
mod merges;
mod quiet_systems;
mod splits;
mod statuses;
mod values;
mod without_trace_ids;

use contracts::{AttemptFailure, Field, FieldResult, Reason};
use sandbox::{Fault, KnownError, Switches};

use crate::{harness::Stack, user_service::LinkedUser};

const NAME: Field = Field::FIRST_NAME;

fn user(number: usize) -> String {
    format!("u{number}")
}

fn email(number: usize) -> String {
    format!("user{number}@example.com")
}

/// A stack with this many users, each linked to a contact of its own.
async fn linked(count: usize) -> Stack {
    let stack = Stack::start().await;
    link_users(&stack, count).await;
    stack
}

/// Creates this many users, each linked to a contact of its own.
async fn link_users(stack: &Stack, count: usize) {
    let users = (0..count).map(|number| LinkedUser {
        user: user(number),
        email: email(number),
        contact_id: stack.contact(&email(number)),
    });
    let users: Vec<_> = users.collect();
    stack.users.link(&account(stack), &users).await;
}

/// The id of the sandbox's account.
fn account(stack: &Stack) -> String {
    stack.sandbox.portal_id().to_string()
}

/// Changes one switch of the sandbox.
fn switch(stack: &Stack, change: impl FnOnce(&mut Switches)) {
    let mut switches = stack.sandbox.switches();
    change(&mut switches);
    stack.sandbox.set_switches(switches);
}

/// The id of the contact with this number.
fn contact(stack: &Stack, number: usize) -> String {
    let contact = stack.sandbox.contact_by_email(&email(number)).unwrap();
    contact.id.to_string()
}

/// The first name of the contact with this number.
fn name(stack: &Stack, number: usize) -> Option<String> {
    stack.property(&email(number), "firstname")
}

/// Waits until the first name of each of these users is confirmed, and checks that the contacts have it.
async fn wait_until_confirmed(stack: &Stack, users: impl IntoIterator<Item = usize>, value: &str) {
    for number in users {
        stack.users.wait_until_clean(&user(number)).await;
        assert_eq!(
            stack.users.result(&user(number), NAME),
            Some(FieldResult::CONFIRMED),
            "{number}"
        );
        assert_eq!(name(stack, number).as_deref(), Some(value), "{number}");
    }
}

/// Why a field of this user was rejected.
fn rejection(stack: &Stack, number: usize, field: Field) -> Reason {
    match stack.users.result(&user(number), field) {
        Some(FieldResult::Rejected { reason }) => reason,
        other => panic!("not rejected: {other:?}"),
    }
}

async fn failures(stack: &Stack, number: usize) -> Vec<AttemptFailure> {
    stack.failures(&user(number)).await
}

/// The batch updates that the sandbox received, in the order in which they ended.
fn updates(stack: &Stack) -> Vec<sandbox::Call> {
    let mut calls = stack.sandbox.calls();
    calls.retain(|call| call.path.ends_with("batch/update"));
    calls
}

/// An error for every call about this user's contact.
fn on_contact(stack: &Stack, number: usize, error: KnownError) -> Fault {
    Fault::answer(error).for_contact(contact(stack, number))
}
