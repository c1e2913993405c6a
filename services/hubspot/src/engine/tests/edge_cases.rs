//! Events at the wrong moment, and events that repeat.

use contracts::{Field, LeaseAnswer, NextAction};

use super::harness::TestWorker;
use super::samples::{ACCOUNT, all_written, contact, failed, granted, id, linked, ms, reason};
use crate::engine::{
    CallError, CallErrorKind, CallResponse, Input, Output, RateLimitHeaders, Response, WorkerStatus,
};

const NAME: &[Field] = &[Field::FIRST_NAME];

#[test]
fn a_link_that_leads_from_contact_to_contact_is_a_failure_after_a_few() {
    let mut worker = TestWorker::running();
    let mut claimed = linked("a", NAME);
    let (mut write, _) = worker.deliver(&[claimed.clone()]);
    for lap in 0..10 {
        worker.respond(write, failed(CallErrorKind::NotFound));
        let (read, _) = worker.call();
        worker.respond(read, failed(CallErrorKind::NotFound));
        let (call, _) = worker.call();
        let next = format!("c-{lap}");
        worker.respond(
            call,
            Response::Found {
                contacts: vec![contact(&next, "old-a@example.com")],
                errors: Vec::new(),
            },
        );
        let (request, report) = worker.report();
        let result = &report.results[0];
        assert!(result.link.is_some());
        if result.failure.is_some() {
            assert_eq!(lap, 3, "a contact may be found, moved and followed");
            assert!(report.claim.is_none_or(|claim| claim.users.is_empty()));
            return;
        }
        claimed.link.as_mut().expect("linked").contact_id = next;
        worker.take_and_give(request, &report, NextAction::Now, vec![claimed.clone()]);
        worker.pass(ms(1_000));
        (write, _) = worker.call();
    }
    panic!("it goes on for ever");
}

#[test]
fn a_failed_check_with_another_correlation_id_is_no_news() {
    let mut worker = TestWorker::running();
    let rejected = |correlation: &str| {
        let mut reason = reason("EXPIRED_AUTHENTICATION");
        reason.message = format!("expired {correlation} second(s) ago");
        reason.correlation_id = Some(correlation.to_owned());
        Response::Error(CallError {
            kind: CallErrorKind::Unauthorized,
            reason,
        })
    };
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.statuses();
    worker.respond(call, rejected("1"));
    assert_eq!(worker.statuses(), 1);
    for correlation in ["2", "3", "4"] {
        worker.pass(ms(60_000));
        let (check, _) = worker.call();
        worker.respond(check, rejected(correlation));
    }
    assert_eq!(worker.statuses(), 0);
}

#[test]
fn a_lease_requested_for_another_account_is_not_used() {
    let mut worker = TestWorker::running();
    worker.put(Input::TokenReplaced);
    let (call, _) = worker.call();
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    assert!(
        worker.lease_action().is_some(),
        "asked for with the account before"
    );
    worker.respond(
        call,
        Response::Account {
            account_id: "another".into(),
            details_refused: false,
        },
    );
    worker.put(Input::LeaseResponse(Ok(granted(1))));
    worker.wake("a");
    assert!(
        worker.any_claim().is_none(),
        "that lease is for the links of {ACCOUNT}"
    );
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    assert_eq!(worker.asked_account().as_deref(), Some("another"));
    let remembered = ACCOUNT.to_owned();
    worker.put(Input::LeaseResponse(Ok(LeaseAnswer::OtherAccount { remembered })));
    assert!(matches!(
        worker.engine.status(),
        WorkerStatus::OtherAccount { .. }
    ));
}

#[test]
fn a_locked_batch_waits_two_seconds_whatever_happens() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    worker.respond(call, failed(CallErrorKind::Locked));
    let (request, report) = worker.report();
    assert_eq!(report.results.len(), 2);
    worker.take(request, &report, NextAction::Now);
    worker.wake("a");
    worker.pass(ms(1_999));
    assert!(worker.any_claim().is_none());
    worker.pass(ms(1));
    assert!(worker.any_claim().is_some());
}

#[test]
fn an_account_without_a_daily_limit_is_not_out_of_calls() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    let limits = RateLimitHeaders {
        daily: Some(0),
        daily_remaining: Some(0),
        ..RateLimitHeaders::default()
    };
    worker.put(Input::CallResponse(
        call,
        CallResponse {
            response: all_written(&update),
            rate_limits: limits,
            last_response: None,
        },
    ));
    assert_eq!(worker.engine.status(), WorkerStatus::Running);
}

#[test]
fn a_superseded_result_does_not_acknowledge_the_wake_up() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, all_written(&update));
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Superseded);
    assert!(worker.acks().is_empty());
    assert_eq!(
        worker.claim().1.users,
        [id("a")],
        "the claim says which fields are dirty"
    );
}

#[test]
fn a_shutdown_does_not_wait_for_the_account_call() {
    let mut worker = TestWorker::starting(|_| {});
    worker.put(Input::ShutDown);
    assert!(worker.put_out(&Output::ShutDownComplete));
}
