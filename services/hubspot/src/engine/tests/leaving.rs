//! Shutting down: the lease is given back, but not before everything is reported.

use contracts::{Field, LeaseAnswer, NextAction, delivery::LeaseAction};

use super::bench::Bench;
use super::samples::{all_written, granted, linked, ms, server_fault};
use crate::engine::{Input, Output, UserServiceError};

const NAME: &[Field] = &[Field::FirstName];

/// A worker whose only verdict is out.
fn reporting() -> Bench {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, all_written(&update));
    bench
}

fn stays(bench: &mut Bench) {
    assert_eq!(bench.lease_wish(), None);
    assert!(!bench.put_out(&Output::ShutDownComplete));
}

#[test]
fn a_verdict_that_is_out_or_waits_to_be_sent_again_is_waited_for() {
    let mut bench = reporting();
    let (request, _) = bench.record();
    bench.put(Input::ShutDown);
    stays(&mut bench);
    bench.put(Input::ReportResponse(request, Err(UserServiceError::NoResponse)));
    stays(&mut bench);
    bench.pass(ms(250));
    let (request, record) = bench.record();
    bench.take(request, &record, NextAction::Clean);
    assert_eq!(bench.lease_wish(), Some(LeaseAction::Release));
}

#[test]
fn a_release_that_gets_no_answer_is_not_waited_for() {
    let mut bench = Bench::running();
    bench.put(Input::ShutDown);
    assert_eq!(bench.lease_wish(), Some(LeaseAction::Release));
    bench.put(Input::LeaseResponse(Err(UserServiceError::NoResponse)));
    assert!(bench.put_out(&Output::ShutDownComplete));
}

#[test]
fn a_renewal_that_got_no_answer_does_not_count_as_the_release() {
    let mut bench = Bench::running();
    bench.now += ms(1_000);
    bench.put(Input::Tick);
    assert_eq!(bench.lease_wish(), Some(LeaseAction::Hold));
    bench.put(Input::LeaseResponse(Err(UserServiceError::NoResponse)));
    bench.put(Input::ShutDown);
    assert_eq!(bench.lease_wish(), Some(LeaseAction::Release));
}

#[test]
fn a_lease_that_is_taken_again_is_given_back_again() {
    for released in [Ok(LeaseAnswer::Released), Err(UserServiceError::NoResponse)] {
        let mut bench = Bench::running();
        bench.wake("a");
        let (request, _) = bench.claim();
        bench.put(Input::ShutDown);
        assert_eq!(bench.lease_wish(), Some(LeaseAction::Release));
        bench.give(request, vec![linked("a", NAME)]);
        let (request, record) = bench.record();
        bench.put(Input::LeaseResponse(released));
        bench.now += ms(1_000);
        bench.put(Input::Tick);
        assert_eq!(bench.lease_wish(), Some(LeaseAction::Hold), "a verdict is out");
        bench.put(Input::LeaseResponse(Ok(granted(2))));
        bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
        assert_eq!(bench.lease_wish(), Some(LeaseAction::Release));
    }
}

/// A batch of two that is out when the worker may not go on, and is to be sent again in halves.
fn split_after(stop: impl Fn(&mut Bench)) -> Vec<String> {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    stop(&mut bench);
    bench.answer(call, server_fault());
    assert!(bench.any_call().is_none());
    let verdicts = bench.record().1.results;
    let codes = verdicts.into_iter().filter_map(|verdict| verdict.failure);
    codes.map(|failure| failure.reason.code).collect()
}

#[test]
fn what_is_to_be_sent_again_goes_back_if_the_lease_is_lost_delivery_paused_or_the_worker_leaves() {
    let lost = split_after(|bench| {
        bench.now += ms(1_000);
        bench.put(Input::Tick);
        bench.put(Input::LeaseResponse(Ok(LeaseAnswer::Held { left_ms: 3_000 })));
    });
    assert_eq!(lost, ["LEASE_LOST", "LEASE_LOST"]);
    let paused = split_after(|bench| {
        bench.paused = true;
        bench.pass(ms(1_000));
    });
    assert_eq!(paused, ["PAUSED", "PAUSED"]);
    let leaving = split_after(|bench| bench.put(Input::ShutDown));
    assert_eq!(leaving, ["SHUTTING_DOWN", "SHUTTING_DOWN"]);
}

#[test]
fn a_wake_up_without_the_lease_or_while_leaving_is_not_taken() {
    let mut bench = Bench::running();
    bench.put(Input::ShutDown);
    bench.wake("a");
    assert_eq!(bench.engine.wake_ups.len(), 0);
    let mut bench = Bench::starting(|_| {});
    bench.wake("a");
    assert_eq!(bench.engine.wake_ups.len(), 0);
}
