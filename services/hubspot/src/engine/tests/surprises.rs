//! What happens at the wrong moment, or again and again.

use contracts::{Field, LeaseAnswer, NextAction};

use super::bench::Bench;
use super::samples::{ACCOUNT, all_written, contact, granted, id, linked, ms, problem, reason};
use crate::engine::{
    CallError, CallErrorKind, CallResponse, Input, Output, RateLimitHeaders, Response, WorkerStatus,
};

const NAME: &[Field] = &[Field::FirstName];

#[test]
fn a_link_that_leads_from_contact_to_contact_is_a_failure_after_a_few() {
    let mut bench = Bench::running();
    let mut claimed = linked("a", NAME);
    let (mut write, _) = bench.deliver(&[claimed.clone()]);
    for lap in 0..10 {
        bench.answer(write, problem(CallErrorKind::NotFound));
        let (read, _) = bench.call();
        bench.answer(read, problem(CallErrorKind::NotFound));
        let (call, _) = bench.call();
        let next = format!("c-{lap}");
        bench.answer(
            call,
            Response::Found {
                contacts: vec![contact(&next, "old-a@example.com")],
                errors: Vec::new(),
            },
        );
        let (request, record) = bench.record();
        let verdict = &record.results[0];
        assert!(verdict.link.is_some());
        if verdict.failure.is_some() {
            assert_eq!(lap, 3, "a contact may be found, moved and followed");
            assert!(record.claim.is_none_or(|claim| claim.users.is_empty()));
            return;
        }
        claimed.link.as_mut().expect("linked").contact_id = next;
        bench.take_and_give(request, &record, NextAction::Now, vec![claimed.clone()]);
        bench.pass(ms(1_000));
        (write, _) = bench.call();
    }
    panic!("it goes on for ever");
}

#[test]
fn a_probe_that_fails_under_another_correlation_id_is_no_news() {
    let mut bench = Bench::running();
    let refused = |correlation: &str| {
        let mut reason = reason("EXPIRED_AUTHENTICATION");
        reason.message = format!("expired {correlation} second(s) ago");
        reason.correlation_id = Some(correlation.to_owned());
        Response::Error(CallError {
            kind: CallErrorKind::Unauthorized,
            reason,
        })
    };
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    bench.lines();
    bench.answer(call, refused("1"));
    assert_eq!(bench.lines(), 1);
    for correlation in ["2", "3", "4"] {
        bench.pass(ms(60_000));
        let (probe, _) = bench.call();
        bench.answer(probe, refused(correlation));
    }
    assert_eq!(bench.lines(), 0);
}

#[test]
fn a_lease_that_was_asked_for_with_another_account_is_not_used() {
    let mut bench = Bench::running();
    bench.put(Input::TokenReplaced);
    let (call, _) = bench.call();
    bench.now += ms(1_000);
    bench.put(Input::Tick);
    assert!(bench.lease_wish().is_some(), "asked for with the account before");
    bench.answer(
        call,
        Response::Account {
            account_id: "another".into(),
            details_refused: false,
        },
    );
    bench.put(Input::LeaseResponse(Ok(granted(1))));
    bench.wake("a");
    assert!(
        bench.any_claim().is_none(),
        "that lease is for the links of {ACCOUNT}"
    );
    bench.now += ms(1_000);
    bench.put(Input::Tick);
    assert_eq!(bench.asked_account().as_deref(), Some("another"));
    let remembered = ACCOUNT.to_owned();
    bench.put(Input::LeaseResponse(Ok(LeaseAnswer::OtherAccount { remembered })));
    assert!(matches!(bench.engine.status(), WorkerStatus::OtherAccount { .. }));
}

#[test]
fn a_batch_that_met_a_lock_is_left_alone_for_two_seconds_whatever_comes_in_between() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    bench.answer(call, problem(CallErrorKind::Locked));
    let (request, record) = bench.record();
    assert_eq!(record.results.len(), 2);
    bench.take(request, &record, NextAction::Now);
    bench.wake("a");
    bench.pass(ms(1_999));
    assert!(bench.any_claim().is_none());
    bench.pass(ms(1));
    assert!(bench.any_claim().is_some());
}

#[test]
fn an_account_without_a_daily_limit_is_not_out_of_calls() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    let limits = RateLimitHeaders {
        daily: Some(0),
        daily_remaining: Some(0),
        ..RateLimitHeaders::default()
    };
    bench.put(Input::CallResponse(
        call,
        CallResponse {
            response: all_written(&update),
            rate_limits: limits,
            last_response: None,
        },
    ));
    assert_eq!(bench.engine.status(), WorkerStatus::Running);
}

#[test]
fn a_wake_up_is_not_acknowledged_because_another_attempt_overtook_the_verdict() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, all_written(&update));
    let (request, record) = bench.record();
    bench.take(request, &record, NextAction::Superseded);
    assert!(bench.acks().is_empty());
    assert_eq!(bench.claim().1.users, [id("a")], "the claim says what it owes");
}

#[test]
fn a_worker_that_has_nothing_but_the_account_out_stops_at_once() {
    let mut bench = Bench::starting(|_| {});
    bench.put(Input::ShutDown);
    assert!(bench.put_out(&Output::ShutDownComplete));
}
