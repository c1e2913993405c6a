//! Every status that concerns one call: what the verdict says, and that the change arrives all the same.

use std::time::Duration;

use contracts::AttemptResult;
use sandbox::{Action, BodyKind, Effect, Fault, KnownError};

use super::{NAME, linked, updates, user, wait_until_confirmed};
use crate::harness::Stack;

/// One call meets this, and the change arrives with a later one. Returns the verdict of the first.
async fn first_verdict(stack: &Stack, fault: Fault, value: &str) -> AttemptResult {
    let before = stack.users.verdicts(&user(0)).len();
    stack.sandbox.add_fault(fault.on_path("batch/update").times(1));
    stack.users.change(&user(0), &[(NAME, value)]).await;
    wait_until_confirmed(stack, [0], value).await;
    stack.users.verdicts(&user(0)).remove(before)
}

#[tokio::test]
async fn a_server_that_fails_may_carry_the_call_out_late_and_it_is_sent_again() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    let statuses = (500..=504).chain(520..=526);
    let errors = statuses
        .map(KnownError::Server)
        .chain([KnownError::RequestTimeout]);
    for error in errors {
        let value = format!("after {}", error.status());
        let verdict = first_verdict(&stack, Fault::answer(error), &value).await;
        assert!(
            verdict.may_apply_late && verdict.written.contains(NAME),
            "{error:?}"
        );
        assert!(verdict.field_results.is_empty(), "{error:?}");
        let failure = verdict.failure.unwrap();
        assert!(failure.is_transient && !failure.is_counted, "{error:?}");
        assert_eq!(failure.reason.status, Some(error.status()));
        assert!(failure.reason.correlation_id.is_some(), "{error:?}");
    }
    worker.wait_for_status("delivering").await;
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_refusal_of_one_contact_is_its_own_and_time_alone_does_not_mend_it() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    let page = |error| {
        Fault::new(Action::Answer {
            error,
            body: Some(BodyKind::Html),
            retry_after: None,
            effect: Effect::None,
        })
    };
    let cases = [
        (Fault::answer(KnownError::ContactForbidden), 403),
        (page(KnownError::ContactForbidden), 403),
        (Fault::answer(KnownError::TooManyIdentities), 414),
        (page(KnownError::Unspecific), 400),
    ];
    for (number, (fault, status)) in cases.into_iter().enumerate() {
        let verdict = first_verdict(&stack, fault, &format!("name {number}")).await;
        assert!(!verdict.may_apply_late && verdict.written.is_empty(), "{status}");
        let failure = verdict.failure.unwrap();
        assert!(!failure.is_transient && !failure.is_counted, "{status}");
        assert_eq!(failure.reason.status, Some(status));
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_limit_is_waited_for_and_charged_to_nobody() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    for error in [KnownError::BurstLimit, KnownError::SearchLimit] {
        let value = format!("after {error:?}");
        let verdict = first_verdict(&stack, Fault::answer(error), &value).await;
        assert!(!verdict.may_apply_late && verdict.written.is_empty());
        let failure = verdict.failure.unwrap();
        assert!(!failure.is_counted && failure.is_transient);
        assert_eq!(failure.reason.status, Some(429));
        worker.wait_for_status("delivering").await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_lock_is_left_to_end() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    let verdict = first_verdict(&stack, Fault::answer(KnownError::Locked), "Ada").await;
    assert!(!verdict.may_apply_late && verdict.written.is_empty());
    let failure = verdict.failure.unwrap();
    assert!(failure.is_transient && !failure.is_counted);
    assert_eq!(failure.reason.code, "LOCKED");
    let calls = updates(&stack);
    let waited = calls[1].at.duration_since(calls[0].at);
    assert!(waited.unsigned_abs() >= Duration::from_secs(2), "{waited:?}");
    worker.stop().await;
}
