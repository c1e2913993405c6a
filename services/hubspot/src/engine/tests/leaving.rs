//! Shutting down: the lease is given back, but not before everything is reported.

use contracts::{Field, LeaseAnswer, Next, delivery::LeaseWish};

use super::bench::Bench;
use super::samples::{all_written, granted, linked, ms};
use crate::engine::{Input, Output, Unserved};

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
    assert!(!bench.put_out(&Output::Stopped));
}

#[test]
fn a_verdict_that_is_out_or_waits_to_be_sent_again_is_waited_for() {
    let mut bench = reporting();
    let (request, _) = bench.record();
    bench.put(Input::ShutDown);
    stays(&mut bench);
    bench.put(Input::Recorded(request, Err(Unserved::NoAnswer)));
    stays(&mut bench);
    bench.pass(ms(250));
    let (request, record) = bench.record();
    bench.take(request, &record, Next::Settled);
    assert_eq!(bench.lease_wish(), Some(LeaseWish::Release));
}

#[test]
fn a_release_that_gets_no_answer_is_not_waited_for() {
    let mut bench = Bench::running();
    bench.put(Input::ShutDown);
    assert_eq!(bench.lease_wish(), Some(LeaseWish::Release));
    bench.put(Input::LeaseAnswered(Err(Unserved::NoAnswer)));
    assert!(bench.put_out(&Output::Stopped));
}

#[test]
fn a_renewal_that_got_no_answer_does_not_count_as_the_release() {
    let mut bench = Bench::running();
    bench.now += ms(1_000);
    bench.put(Input::Tick);
    assert_eq!(bench.lease_wish(), Some(LeaseWish::Hold));
    bench.put(Input::LeaseAnswered(Err(Unserved::NoAnswer)));
    bench.put(Input::ShutDown);
    assert_eq!(bench.lease_wish(), Some(LeaseWish::Release));
}

#[test]
fn a_lease_that_is_taken_again_is_given_back_again() {
    for released in [Ok(LeaseAnswer::Released), Err(Unserved::NoAnswer)] {
        let mut bench = Bench::running();
        bench.wake("a");
        let (request, _) = bench.claim();
        bench.put(Input::ShutDown);
        assert_eq!(bench.lease_wish(), Some(LeaseWish::Release));
        bench.give(request, vec![linked("a", NAME)]);
        let (request, record) = bench.record();
        bench.put(Input::LeaseAnswered(released));
        bench.now += ms(1_000);
        bench.put(Input::Tick);
        assert_eq!(bench.lease_wish(), Some(LeaseWish::Hold), "a verdict is out");
        bench.put(Input::LeaseAnswered(Ok(granted(2))));
        bench.take(request, &record, Next::Later { in_ms: 1_000 });
        assert_eq!(bench.lease_wish(), Some(LeaseWish::Release));
    }
}
