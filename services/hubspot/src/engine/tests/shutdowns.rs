//! Shutdowns: the lease is released, but not before everything is reported.

use contracts::{Field, LeaseAnswer, NextAction, delivery::LeaseAction};

use super::harness::TestWorker;
use super::samples::{all_written, granted, held, linked, ms, server_error};
use crate::engine::{Input, Output, UserServiceError};

const NAME: &[Field] = &[Field::FIRST_NAME];

/// A worker whose only result is being reported.
fn reporting() -> TestWorker {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, all_written(&update));
    worker
}

fn stays(worker: &mut TestWorker) {
    assert_eq!(worker.lease_action(), None);
    assert!(!worker.put_out(&Output::ShutDownComplete));
}

#[test]
fn a_shutdown_waits_for_unreported_results() {
    let mut worker = reporting();
    let (request, _) = worker.report();
    worker.put(Input::ShutDown);
    stays(&mut worker);
    worker.put(Input::ReportResponse(request, Err(UserServiceError::NoResponse)));
    stays(&mut worker);
    worker.pass(ms(250));
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Clean);
    assert_eq!(worker.lease_action(), Some(LeaseAction::Release));
}

#[test]
fn a_release_without_a_response_ends_the_shutdown() {
    let mut worker = TestWorker::running();
    worker.put(Input::ShutDown);
    assert_eq!(worker.lease_action(), Some(LeaseAction::Release));
    worker.put(Input::LeaseResponse(Err(UserServiceError::NoResponse)));
    assert!(worker.put_out(&Output::ShutDownComplete));
}

#[test]
fn a_lost_renewal_does_not_count_as_the_release() {
    let mut worker = TestWorker::running();
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    assert_eq!(worker.lease_action(), Some(LeaseAction::Hold));
    worker.put(Input::LeaseResponse(Err(UserServiceError::NoResponse)));
    worker.put(Input::ShutDown);
    assert_eq!(worker.lease_action(), Some(LeaseAction::Release));
}

#[test]
fn a_lease_that_is_gained_again_is_released_again() {
    for released in [Ok(LeaseAnswer::Released), Err(UserServiceError::NoResponse)] {
        let mut worker = TestWorker::running();
        worker.wake("a");
        let (request, _) = worker.claim();
        worker.put(Input::ShutDown);
        assert_eq!(worker.lease_action(), Some(LeaseAction::Release));
        worker.give(request, vec![linked("a", NAME)]);
        let (request, report) = worker.report();
        worker.put(Input::LeaseResponse(released));
        worker.now += ms(1_000);
        worker.put(Input::Tick);
        assert_eq!(
            worker.lease_action(),
            Some(LeaseAction::Hold),
            "a result is in flight"
        );
        worker.put(Input::LeaseResponse(Ok(granted(2))));
        worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
        assert_eq!(worker.lease_action(), Some(LeaseAction::Release));
    }
}

/// A batch of two is in flight when delivery ends, and its failure asks for halves.
fn split_after(end_delivery: impl Fn(&mut TestWorker)) -> Vec<String> {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    end_delivery(&mut worker);
    worker.respond(call, server_error());
    assert!(worker.any_call().is_none());
    let results = worker.report().1.results;
    let codes = results.into_iter().filter_map(|result| result.failure);
    codes.map(|failure| failure.reason.code).collect()
}

#[test]
fn a_split_batch_is_given_back_if_delivery_ends() {
    let lost = split_after(|worker| {
        worker.now += ms(1_000);
        worker.put(Input::Tick);
        worker.put(Input::LeaseResponse(Ok(held(3_000))));
    });
    assert_eq!(lost, ["LEASE_LOST", "LEASE_LOST"]);
    let paused = split_after(|worker| {
        worker.paused = true;
        worker.pass(ms(1_000));
    });
    assert_eq!(paused, ["PAUSED", "PAUSED"]);
    let leaving = split_after(|worker| worker.put(Input::ShutDown));
    assert_eq!(leaving, ["SHUTTING_DOWN", "SHUTTING_DOWN"]);
}

#[test]
fn a_wake_up_without_the_lease_or_during_a_shutdown_is_ignored() {
    let mut worker = TestWorker::running();
    worker.put(Input::ShutDown);
    worker.wake("a");
    assert_eq!(worker.engine.wake_ups.len(), 0);
    let mut worker = TestWorker::starting(|_| {});
    worker.wake("a");
    assert_eq!(worker.engine.wake_ups.len(), 0);
}
