//! Every status that concerns one call: what the worker reports, and that the change arrives with a later call.

use std::time::Duration;

use contracts::AttemptResult;
use sandbox::{Action, BodyKind, Effect, Fault, KnownError};

use super::{NAME, linked, updates, user, wait_until_confirmed};
use crate::harness::Stack;

/// One call gets this answer, and the change arrives with a later one. Returns the result of the first attempt.
async fn first_result(stack: &Stack, fault: Fault, value: &str) -> AttemptResult {
    let before = stack.users.reported(&user(0)).await.len();
    stack.sandbox.add_fault(fault.on_path("batch/update").times(1));
    stack.users.change(&user(0), &[(NAME, value)]).await;
    wait_until_confirmed(stack, [0], value).await;
    stack.users.reported(&user(0)).await.remove(before)
}

#[tokio::test]
async fn after_a_server_error_the_call_may_apply_late_and_is_repeated() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    let statuses = (500..=504).chain(520..=526);
    let errors = statuses
        .map(KnownError::Server)
        .chain([KnownError::RequestTimeout]);
    for error in errors {
        let value = format!("after {}", error.status());
        let result = first_result(&stack, Fault::answer(error), &value).await;
        assert!(
            result.may_apply_late && result.written.contains(NAME),
            "{error:?}"
        );
        assert!(result.field_results.is_empty(), "{error:?}");
        let failure = result.failure.unwrap();
        assert!(failure.is_transient && !failure.is_counted, "{error:?}");
        assert_eq!(failure.reason.status, Some(error.status()));
        assert!(failure.reason.correlation_id.is_some(), "{error:?}");
    }
    worker.wait_for_status("delivering").await;
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_rejection_of_one_contact_is_reported_as_not_transient() {
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
        let result = first_result(&stack, fault, &format!("name {number}")).await;
        assert!(!result.may_apply_late && result.written.is_empty(), "{status}");
        let failure = result.failure.unwrap();
        assert!(!failure.is_transient && !failure.is_counted, "{status}");
        assert_eq!(failure.reason.status, Some(status));
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_and_not_counted() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    for error in [KnownError::BurstLimit, KnownError::SearchLimit] {
        let value = format!("after {error:?}");
        let result = first_result(&stack, Fault::answer(error), &value).await;
        assert!(!result.may_apply_late && result.written.is_empty());
        let failure = result.failure.unwrap();
        assert!(!failure.is_counted && failure.is_transient);
        assert_eq!(failure.reason.status, Some(429));
        worker.wait_for_status("delivering").await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_locked_contact_is_written_after_the_lock_has_ended() {
    let stack = linked(1).await;
    let worker = stack.worker().await;
    let result = first_result(&stack, Fault::answer(KnownError::Locked), "Ada").await;
    assert!(!result.may_apply_late && result.written.is_empty());
    let failure = result.failure.unwrap();
    assert!(failure.is_transient && !failure.is_counted);
    assert_eq!(failure.reason.code, "LOCKED");
    let calls = updates(&stack);
    let waited = calls[1].at.duration_since(calls[0].at);
    assert!(waited.unsigned_abs() >= Duration::from_secs(2), "{waited:?}");
    worker.stop().await;
}
