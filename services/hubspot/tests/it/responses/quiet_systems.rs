//! A system with few users: no other user is delivered, so nothing shows whether a failure is the record's or the account's.

use std::time::{Duration, Instant};

use contracts::FieldResult;
use futures_util::future::join_all;
use sandbox::{Fault, KnownError, Switches};
use testing::wait::until;

use super::{NAME, contact, failures, linked, name, switch, user, wait_until_confirmed};
use crate::harness::{CEILING, Stack, Worker};

/// Begins a fault of the account.
type Begin = Box<dyn Fn(&Stack)>;

/// The user whose contact is well.
const GOOD: usize = 2;

/// Changes the healthy user, and waits until its contact has the value.
async fn deliver(stack: &Stack, value: &str) -> Duration {
    let started = Instant::now();
    stack.users.change(&user(GOOD), &[(NAME, value)]).await;
    wait_until_confirmed(stack, [GOOD], value).await;
    started.elapsed()
}

fn is_halted(worker: &Worker) -> bool {
    worker.metrics.text().contains("hubsync_delivery_halt_cause{")
}

/// What is recorded for the first name of a user that is not dirty any more.
fn given_up(stack: &Stack, number: usize) -> Option<FieldResult> {
    if stack.users.is_dirty(&user(number), NAME) {
        return None;
    }
    stack.users.result(&user(number), NAME)
}

/// Two of three contacts fail for themselves. The third user is delivered as if nothing were wrong.
async fn check_two_bad_contacts(fault: impl Fn() -> Fault, is_expected: impl Fn(&FieldResult) -> bool) {
    let stack = linked(3).await;
    let worker = stack.worker().await;
    for number in 0..GOOD {
        stack
            .sandbox
            .add_fault(fault().for_contact(contact(&stack, number)));
    }
    // One of them shares its first batch with the healthy user. The sandbox applies one fault to a call.
    stack.pause(&worker).await;
    for number in [0, GOOD] {
        stack.users.change(&user(number), &[(NAME, "first")]).await;
    }
    stack.resume(2).await;
    wait_until_confirmed(&stack, [GOOD], "first").await;
    stack.users.change(&user(1), &[(NAME, "first")]).await;
    let mut deliveries = 0;
    until("the two to be given up", CEILING, async || {
        deliveries += 1;
        let took = deliver(&stack, &format!("value {deliveries}")).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert!(!is_halted(&worker));
        let results: Vec<_> = (0..GOOD).map(|number| given_up(&stack, number)).collect();
        // The sandbox applies one fault to a call, so a bad contact that shares a batch with the other one is written.
        for (number, result) in results.iter().enumerate() {
            if *result == Some(FieldResult::CONFIRMED) {
                let value = format!("again {deliveries}");
                stack.users.change(&user(number), &[(NAME, &value)]).await;
            }
        }
        let is_over = |result: &Option<FieldResult>| result.as_ref().is_some_and(&is_expected);
        if results.iter().all(is_over) {
            Ok(())
        } else {
            Err(results)
        }
    })
    .await;
    worker.wait_for_status("delivering").await;
    worker.stop().await;
}

#[tokio::test]
async fn two_contacts_that_fail_for_themselves_become_failed_and_delay_nobody() {
    let cases = [
        KnownError::ContactForbidden,
        KnownError::MissingScopes,
        KnownError::NotFound,
        KnownError::TooManyIdentities,
    ];
    let has_failed = |result: &FieldResult| matches!(result, FieldResult::Failed { .. });
    join_all(cases.map(|error| check_two_bad_contacts(move || Fault::answer(error), has_failed))).await;
}

#[tokio::test]
async fn a_category_that_nobody_knows_fails_one_input_and_is_tried_again() {
    let is_transient = |result: &FieldResult| {
        matches!(
            result,
            FieldResult::Failed {
                is_transient: true,
                ..
            }
        )
    };
    check_two_bad_contacts(|| Fault::reject_input("SOMETHING_NEW"), is_transient).await;
}

#[tokio::test]
async fn a_property_that_one_contact_cannot_write_is_rejected_for_it_alone() {
    for code in ["READ_ONLY_VALUE", "PROPERTY_DOESNT_EXIST"] {
        let is_rejected = |result: &FieldResult| match result {
            FieldResult::Rejected { reason } => reason.code == code,
            _ => false,
        };
        let fault = || Fault::reject_input(code).for_property("firstname");
        check_two_bad_contacts(fault, is_rejected).await;
    }
}

#[tokio::test]
async fn a_fault_of_the_account_halts_delivery_for_the_only_user_within_ten_seconds() {
    let unknown = |switches: &mut Switches| switches.unknown_property = Some("firstname".into());
    let read_only = |switches: &mut Switches| switches.read_only_property = Some("firstname".into());
    let no_scope = |switches: &mut Switches| {
        switches.missing_scopes = vec!["crm.objects.contacts.write".into()];
    };
    let outage = |stack: &Stack| {
        stack.sandbox.add_fault(Fault::answer(KnownError::Server(503)));
    };
    let cases: [(&str, Begin); 5] = [
        ("fails for every record", Box::new(outage)),
        (
            "does not accept the token",
            Box::new(|stack: &Stack| stack.sandbox.set_tokens(["another-token"])),
        ),
        (
            "the token lacks scopes",
            Box::new(move |stack: &Stack| switch(stack, no_scope)),
        ),
        (
            "the contact property firstname",
            Box::new(move |stack: &Stack| switch(stack, unknown)),
        ),
        (
            "the contact property firstname",
            Box::new(move |stack: &Stack| switch(stack, read_only)),
        ),
    ];
    join_all(cases.map(|(sentence, begin)| async move {
        let stack = linked(1).await;
        let worker = stack.worker().await;
        let before = stack.sandbox.switches();
        begin(&stack);
        let begun = Instant::now();
        stack.users.change(&user(0), &[(NAME, "Ada")]).await;
        worker.wait_for_status(sentence).await;
        assert!(begun.elapsed() < Duration::from_secs(10), "{sentence}");
        stack.sandbox.clear_faults();
        stack.sandbox.set_switches(before);
        stack.sandbox.set_tokens(["sandbox-token"]);
        wait_until_confirmed(&stack, [0], "Ada").await;
        let failures = failures(&stack, 0).await;
        assert!(failures.iter().all(|failure| !failure.is_counted), "{failures:?}");
        assert_eq!(name(&stack, 0).as_deref(), Some("Ada"));
        worker.stop().await;
    }))
    .await;
}
