//! Every outcome that HubSpot is known to give, by name, and what the worker makes of it.

mod account;
mod batches;
mod connections;
mod creates;
mod identity;
mod merges;
mod rules;
mod splits;
mod statuses;
mod untraced;
mod values;

use contracts::{AttemptFailure, Field, FieldResult, Reason};
use sandbox::{Fault, KnownError, Switches};

use crate::harness::Stack;

const NAME: Field = Field::FIRST_NAME;

fn user(number: usize) -> String {
    format!("u{number}")
}

fn email(number: usize) -> String {
    format!("user{number}@example.com")
}

/// A stack with so many users, each linked to a contact of its own.
async fn linked(count: usize) -> Stack {
    let stack = Stack::start().await;
    for number in 0..count {
        let contact = stack.contact(&email(number));
        link(&stack, &user(number), number, &contact);
    }
    stack
}

/// Links a user to the contact of that number.
fn link(stack: &Stack, user: &str, number: usize, contact_id: &str) {
    let account = stack.sandbox.portal_id().to_string();
    stack.users.link(user, &email(number), contact_id, &account);
}

/// Changes one switch of the sandbox.
fn switch(stack: &Stack, change: impl FnOnce(&mut Switches)) {
    let mut switches = stack.sandbox.switches();
    change(&mut switches);
    stack.sandbox.set_switches(switches);
}

/// The id of the contact of that number.
fn contact(stack: &Stack, number: usize) -> String {
    let contact = stack.sandbox.contact_by_email(&email(number)).unwrap();
    contact.id.to_string()
}

/// The first name that the contact of that number has.
fn name(stack: &Stack, number: usize) -> Option<String> {
    stack.property(&email(number), "firstname")
}

/// A change of the first name reaches every one of these users' contacts.
async fn wait_until_confirmed(stack: &Stack, users: impl IntoIterator<Item = usize>, value: &str) {
    for number in users {
        stack.users.wait_until_settled(&user(number)).await;
        assert_eq!(
            stack.users.outcome(&user(number), NAME),
            Some(FieldResult::Confirmed),
            "{number}"
        );
        assert_eq!(name(stack, number).as_deref(), Some(value), "{number}");
    }
}

/// Why a field of that user was refused.
fn refusal(stack: &Stack, number: usize, field: Field) -> Reason {
    match stack.users.outcome(&user(number), field) {
        Some(FieldResult::Rejected { reason }) => reason,
        _ => panic!("not refused: {:?}", stack.users.verdicts(&user(number))),
    }
}

fn failures(stack: &Stack, number: usize) -> Vec<AttemptFailure> {
    let verdicts = stack.users.verdicts(&user(number));
    verdicts
        .into_iter()
        .filter_map(|verdict| verdict.failure)
        .collect()
}

/// The batch updates that came, in the order in which they ended.
fn updates(stack: &Stack) -> Vec<sandbox::Call> {
    let mut calls = stack.sandbox.calls();
    calls.retain(|call| call.path.ends_with("batch/update"));
    calls
}

/// An error for every update of that user's contact.
fn on_contact(stack: &Stack, number: usize, error: KnownError) -> Fault {
    Fault::answer(error).for_contact(contact(stack, number))
}
