//! A batch that is refused as a whole is split until the guilty record stands alone.

use contracts::{Field, Reason};
use futures_util::future::join_all;
use sandbox::KnownError;
use testing::wait::until;

use super::{
    NAME, contact, email, failures, linked, on_contact, refusal, switch, updates, user, wait_until_confirmed,
};
use crate::harness::{CEILING, Stack};

const USERS: usize = 100;
const GUILTY: usize = 42;
/// The halvings that leave one of a hundred.
const ROUNDS: usize = 7;

/// All users change together; the guilty one as it is told.
async fn change_together(stack: &Stack, guilty: &[(Field, &str)]) {
    stack.users.gather(USERS);
    for number in 0..USERS {
        let change = if number == GUILTY {
            guilty
        } else {
            &[(NAME, "Ada")]
        };
        stack.users.change(&user(number), change).await;
    }
    let others = (0..USERS).filter(|number| *number != GUILTY);
    wait_until_confirmed(stack, others.clone(), "Ada").await;
    for number in others {
        assert!(failures(stack, number).is_empty(), "only the guilty one fails");
        let writes = stack.sandbox.writes_of(contact(stack, number)).len();
        assert_eq!(writes, 2, "made, and written once");
    }
}

/// The batches that were refused, with the guilty record in each, and all that came until it stood alone.
fn assert_few_calls(calls: &[sandbox::Call], statuses: &[u16]) {
    let is_refused = |call: &&sandbox::Call| call.status.is_some_and(|status| statuses.contains(&status));
    let together = calls.iter().filter(is_refused).filter(|call| call.inputs > 1);
    let written = calls.iter().filter(|call| call.status == Some(200)).count();
    let rounds = together.count();
    assert!((ROUNDS - 1..=ROUNDS).contains(&rounds), "{rounds} rounds");
    assert!(written <= ROUNDS, "{written} calls for the others");
}

async fn wait_for_failure(stack: &Stack) -> Reason {
    let failure = until("a failure of the guilty one alone", CEILING, async || {
        failures(stack, GUILTY).first().cloned()
    });
    failure.await.reason
}

#[tokio::test]
async fn a_contact_that_fails_every_batch_stands_alone_after_seven_halvings() {
    let cases = [
        (KnownError::Server(500), "HTTP_500"),
        (KnownError::ContactForbidden, "HTTP_403"),
        (KnownError::TooManyIdentities, "HTTP_414"),
    ];
    join_all(cases.map(|(error, code)| async move {
        let stack = linked(USERS).await;
        let worker = stack.worker().await;
        stack.sandbox.add_fault(on_contact(&stack, GUILTY, error));
        change_together(&stack, &[(NAME, "Ada")]).await;
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
async fn a_value_that_refuses_every_batch_is_found_and_the_others_are_confirmed() {
    // Without a name, with the property's name, and for a conflict.
    let cases = [
        (NAME, "Ada", "VALIDATION_ERROR"),
        (Field::EMAIL, "nope", "INVALID_EMAIL"),
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
                .add_fault(on_contact(&stack, GUILTY, KnownError::Unspecific));
        }
        change_together(&stack, &[(field, value)]).await;
        stack.users.wait_until_settled(&user(GUILTY)).await;
        let reason = refusal(&stack, GUILTY, field);
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
async fn a_conflict_that_refuses_every_batch_is_found_and_followed() {
    let stack = linked(USERS).await;
    let worker = stack.worker().await;
    switch(&stack, |switches| switches.partial_batches = false);
    let holder = stack.contact("taken@example.com");
    change_together(&stack, &[(Field::EMAIL, "taken@example.com")]).await;
    stack.users.wait_until_settled(&user(GUILTY)).await;
    let verdicts = stack.users.verdicts(&user(GUILTY)).into_iter();
    let link = verdicts.filter_map(|verdict| verdict.link).next_back().unwrap();
    assert_eq!(link.contact_id, holder);
    assert_few_calls(&updates(&stack), &[409]);
    worker.stop().await;
}

#[tokio::test]
async fn a_contact_that_fails_every_lookup_holds_up_nobody_else() {
    let stack = Stack::start().await;
    for number in 0..USERS {
        stack.contact(&email(number));
    }
    let worker = stack.worker().await;
    let poison = on_contact(&stack, GUILTY, KnownError::Server(500));
    let fault = stack.sandbox.add_fault(poison);
    stack.users.gather(USERS);
    for number in 0..USERS {
        let address = email(number);
        let change = [(Field::EMAIL, address.as_str()), (NAME, "Ada")];
        stack.users.change(&user(number), &change).await;
    }
    wait_until_confirmed(&stack, (0..USERS).filter(|number| *number != GUILTY), "Ada").await;
    wait_for_failure(&stack).await;
    let mut lookups = stack.sandbox.calls();
    lookups.retain(|call| call.path.ends_with("batch/read"));
    assert_few_calls(&lookups, &[500]);
    stack.sandbox.remove_fault(fault);
    wait_until_confirmed(&stack, [GUILTY], "Ada").await;
    worker.stop().await;
}
