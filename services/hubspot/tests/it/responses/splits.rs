//! A batch that fails as a whole is split until the record at fault is sent alone.

use contracts::{Field, Reason};
use futures_util::future::join_all;
use sandbox::KnownError;
use testing::wait::until;

use super::{
    NAME, contact, email, failures, linked, on_contact, rejection, switch, updates, user,
    wait_until_confirmed,
};
use crate::{
    harness::{CEILING, Stack, Worker},
    user_service::UserSettings,
};

const USERS: usize = 100;
const FAULTY: usize = 42;
/// The halvings that leave one of a hundred.
const ROUNDS: usize = 7;

/// All users change together, the faulty one as given. Waits until the others are confirmed.
async fn change_together(stack: &Stack, worker: &Worker, faulty: &[(Field, &str)]) {
    stack.pause(worker).await;
    for number in 0..USERS {
        let change = if number == FAULTY {
            faulty
        } else {
            &[(NAME, "Ada")]
        };
        stack.users.change(&user(number), change).await;
    }
    stack.resume(USERS).await;
    let others = (0..USERS).filter(|number| *number != FAULTY);
    wait_until_confirmed(stack, others.clone(), "Ada").await;
    for number in others {
        assert_eq!(failures(stack, number).await, [], "only the faulty one fails");
        let writes = stack.sandbox.writes_of(contact(stack, number)).len();
        assert_eq!(writes, 2, "created, and written once");
    }
}

/// Checks how many batches failed until the faulty record was sent alone, and how many succeeded.
fn assert_few_calls(calls: &[sandbox::Call], statuses: &[u16]) {
    let has_failed = |call: &&sandbox::Call| call.status.is_some_and(|status| statuses.contains(&status));
    let together = calls.iter().filter(has_failed).filter(|call| call.inputs > 1);
    let written = calls.iter().filter(|call| call.status == Some(200)).count();
    let rounds = together.count();
    assert!((ROUNDS - 1..=ROUNDS).contains(&rounds), "{rounds} rounds");
    assert!(written <= ROUNDS, "{written} calls for the others");
}

async fn wait_for_failure(stack: &Stack) -> Reason {
    let failure = until("a failure of the faulty user", CEILING, async || {
        failures(stack, FAULTY).await.into_iter().next()
    });
    failure.await.reason
}

#[tokio::test]
async fn a_contact_that_fails_every_batch_is_alone_after_seven_splits() {
    let cases = [
        (KnownError::Server(500), "HTTP_500"),
        (KnownError::ContactForbidden, "HTTP_403"),
        (KnownError::TooManyIdentities, "HTTP_414"),
    ];
    join_all(cases.map(|(error, code)| async move {
        let stack = linked(USERS).await;
        let worker = stack.worker().await;
        stack.sandbox.add_fault(on_contact(&stack, FAULTY, error));
        change_together(&stack, &worker, &[(NAME, "Ada")]).await;
        let reason = wait_for_failure(&stack).await;
        assert_eq!(
            (reason.code.as_str(), reason.status),
            (code, Some(error.status()))
        );
        assert!(!reason.message.is_empty() && reason.correlation_id.is_some());
        assert_few_calls(&updates(&stack), &[error.status()]);
        worker.wait_for_status("delivering").await;
        worker.stop().await;
    }))
    .await;
}

#[tokio::test]
async fn a_rejected_value_that_fails_the_batch_is_found() {
    // The error names no property, names it as invalid, and names it as protected by a rule.
    let cases = [
        (NAME, "Ada", "VALIDATION_ERROR"),
        (Field::EMAIL, "ada@example.test", "INVALID_EMAIL"),
        (Field::LAST_NAME, "rule", "PROPERTY_WRITE_REFUSED"),
    ];
    join_all(cases.map(|(field, value, code)| async move {
        let stack = linked(USERS).await;
        let worker = stack.worker().await;
        switch(&stack, |switches| {
            switches.partial_batches = false;
            switches.rejected_property = Some("lastname".into());
        });
        if field == NAME {
            stack
                .sandbox
                .add_fault(on_contact(&stack, FAULTY, KnownError::Unspecific));
        }
        change_together(&stack, &worker, &[(field, value)]).await;
        stack.users.wait_until_clean(&user(FAULTY)).await;
        let reason = rejection(&stack, FAULTY, field);
        assert_eq!((reason.code.as_str(), reason.status), (code, Some(400)));
        assert!(reason.correlation_id.is_some());
        let calls = updates(&stack);
        assert_few_calls(&calls, &[400]);
        assert!(calls.len() <= 1 + 2 * ROUNDS, "{} calls", calls.len());
        worker.stop().await;
    }))
    .await;
}

#[tokio::test]
async fn a_conflict_that_fails_the_batch_is_found_and_followed() {
    let stack = linked(USERS).await;
    let worker = stack.worker().await;
    switch(&stack, |switches| switches.partial_batches = false);
    let holder = stack.contact("other@example.com");
    change_together(&stack, &worker, &[(Field::EMAIL, "other@example.com")]).await;
    stack.users.wait_until_clean(&user(FAULTY)).await;
    let link = stack.users.reported_links(&user(FAULTY)).await.pop().unwrap();
    assert_eq!(link.contact_id, holder);
    assert_few_calls(&updates(&stack), &[409]);
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_that_fails_every_lookup_holds_back_no_others() {
    // With these pauses the fault is over long before the fifth failure.
    let stack = Stack::start_with_users(UserSettings::with_first_failure_pause(1_000)).await;
    for number in 0..USERS {
        stack.contact(&email(number));
    }
    let worker = stack.worker().await;
    let fault = on_contact(&stack, FAULTY, KnownError::Server(500));
    let fault = stack.sandbox.add_fault(fault);
    stack.pause(&worker).await;
    for number in 0..USERS {
        let address = email(number);
        let change = [(Field::EMAIL, address.as_str()), (NAME, "Ada")];
        stack.users.change(&user(number), &change).await;
    }
    stack.resume(USERS).await;
    wait_until_confirmed(&stack, (0..USERS).filter(|number| *number != FAULTY), "Ada").await;
    wait_for_failure(&stack).await;
    let mut lookups = stack.sandbox.calls();
    lookups.retain(|call| call.path.ends_with("batch/read"));
    assert_few_calls(&lookups, &[500]);
    stack.sandbox.remove_fault(fault);
    wait_until_confirmed(&stack, [FAULTY], "Ada").await;
    worker.stop().await;
}
