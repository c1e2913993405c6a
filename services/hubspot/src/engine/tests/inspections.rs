//! Reading contacts to compare them: only when nothing else wants to be sent.

mod faults;

use std::time::Duration;

use contracts::{Field, LeaseAnswer};

use super::bench::Bench;
use super::samples::{all_written, linked, ms};
use crate::engine::{
    Call, CallId, CallResponse, ContactKey, Input, InspectedContacts, Inspection, InspectionError,
    InspectionId, MAX_BATCH, Output, RateLimitHeaders, Response,
};

const NAME: &[Field] = &[Field::FirstName];
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(10);

fn inspection() -> Inspection {
    Inspection {
        by: ContactKey::Id,
        keys: vec!["c-a".to_owned()],
    }
}

impl Bench {
    fn inspect_for(&mut self, number: u64, patience: Duration) {
        self.put(Input::Inspect {
            id: InspectionId(number),
            inspection: inspection(),
            even_paused: true,
            until: self.now + patience,
        });
    }

    fn inspect(&mut self, number: u64) {
        self.inspect_for(number, PATIENCE);
    }

    /// The call of an inspection, which is out.
    fn inspection_out(&mut self) -> CallId {
        let (call, made) = self.call();
        assert_eq!(made, Call::Inspect(inspection()));
        call
    }

    fn is_answered(&mut self, number: u64, answer: Result<InspectedContacts, InspectionError>) -> bool {
        self.put_out(&Output::Inspected(InspectionId(number), answer))
    }

    fn answer_with_day(&mut self, call: CallId, answer: Response, left: u64) {
        let limits = RateLimitHeaders {
            daily: Some(1_000),
            daily_remaining: Some(left),
            ..RateLimitHeaders::default()
        };
        self.answer_with(call, answer, limits);
    }

    fn answer_with(&mut self, call: CallId, answer: Response, limits: RateLimitHeaders) {
        self.put(Input::CallResponse(
            call,
            CallResponse {
                response: answer,
                rate_limits: limits,
                last_response: None,
            },
        ));
    }
}

fn read() -> Response {
    Response::Inspected(InspectedContacts::default())
}

#[test]
fn an_idle_worker_reads_at_once_one_question_after_the_other() {
    let mut bench = Bench::running();
    bench.pass(ms(1_000));
    bench.inspect(1);
    let call = bench.inspection_out();
    bench.inspect(2);
    assert!(bench.any_call().is_none(), "one at a time");
    bench.answer(call, read());
    assert!(bench.is_answered(1, Ok(InspectedContacts::default())));
    bench.pass(ms(200));
    let call = bench.inspection_out();
    bench.answer(call, read());
    assert!(bench.is_answered(2, Ok(InspectedContacts::default())));
}

#[test]
fn changes_that_wait_go_before_it_and_those_that_come_meanwhile_do_not_wait_for_it() {
    let mut bench = Bench::running();
    bench.pass(ms(1_000));
    bench.wake("a");
    bench.inspect(1);
    assert!(bench.any_call().is_none(), "the change is being claimed");
    bench.give_all(&[linked("a", NAME)]);
    let (write, update) = bench.call();
    assert!(matches!(update, Call::Update { .. }));
    bench.pass(ms(1_000));
    let inspection = bench.inspection_out();
    bench.wake("b");
    bench.give_all(&[linked("b", NAME)]);
    let (_, update_of_b) = bench.call();
    assert!(matches!(update_of_b, Call::Update { .. }), "{update_of_b:?}");
    bench.answer(inspection, read());
    bench.answer(write, all_written(&update));
}

#[test]
fn every_slot_is_for_changes() {
    let mut bench = Bench::with(|settings| settings.concurrency = 1);
    bench.pass(ms(1_000));
    bench.inspect(1);
    bench.inspection_out();
    bench.wake("a");
    bench.give_all(&[linked("a", NAME)]);
    assert!(matches!(bench.call().1, Call::Update { .. }));
    bench.inspect(2);
    bench.pass(ms(1_000));
    assert!(bench.any_call().is_none(), "the only slot is taken by the change");
}

#[test]
fn it_takes_no_more_than_half_of_the_window() {
    let mut bench = Bench::running();
    bench.pass(ms(10_000));
    let start = bench.now;
    let mut calls = 0;
    let mut number = 0;
    while bench.now < start + ms(9_900) {
        number += 1;
        bench.inspect(number);
        if let Some((call, _)) = bench.any_call() {
            calls += 1;
            bench.answer(call, read());
        }
        bench.pass(ms(10));
    }
    assert!((40..=50).contains(&calls), "{calls} of a hundred");
    // All at once, as a flood that begins now.
    for user in ["a", "b", "c"] {
        bench.wake(user);
        bench.give_all(&[linked(user, NAME)]);
    }
    assert!(
        matches!(bench.call().1, Call::Update { .. }),
        "a change leaves at once"
    );
}

#[test]
fn a_window_that_has_no_call_to_spare_is_for_changes_alone() {
    for (limit, is_read) in [(1, false), (2, false), (3, true)] {
        let mut bench = Bench::running();
        bench.pass(ms(1_000));
        bench.inspect(0);
        let call = bench.inspection_out();
        let limits = RateLimitHeaders {
            max: Some(limit),
            ..RateLimitHeaders::default()
        };
        bench.answer_with(call, read(), limits);
        bench.pass(ms(11_000));
        bench.inspect(1);
        let read_at = bench.any_call().map(|_| bench.now);
        assert_eq!(read_at.is_some(), is_read, "{limit}");
        assert_eq!(
            bench.is_answered(1, Err(InspectionError::WindowTooSmall)),
            !is_read
        );
        bench.wake("a");
        bench.give_all(&[linked("a", NAME)]);
        assert!(
            matches!(bench.call().1, Call::Update { .. }),
            "{limit}: a change leaves at once"
        );
    }
}

/// What waits and what is out is answered with that, and whoever asks then, once.
fn is_refused_after(end: impl FnOnce(&mut Bench), why: &InspectionError) {
    let mut bench = Bench::running();
    bench.pass(ms(1_000));
    bench.inspect(1);
    let call = bench.inspection_out();
    bench.inspect(2);
    end(&mut bench);
    bench.inspect(3);
    for number in 1..=3 {
        assert!(bench.is_answered(number, Err(why.clone())), "{number}: {why:?}");
    }
    bench.answer(call, read());
    assert!(!bench.is_answered(1, Ok(InspectedContacts::default())));
}

#[test]
fn a_shutdown_answers_what_waits_and_what_is_out() {
    is_refused_after(|bench| bench.put(Input::ShutDown), &InspectionError::ShuttingDown);
}

#[test]
fn a_lost_lease_answers_what_waits_and_what_is_out() {
    let lose_lease = |bench: &mut Bench| {
        bench.now += ms(1_000);
        bench.put(Input::Tick);
        bench.put(Input::LeaseResponse(Ok(LeaseAnswer::Held { left_ms: 500 })));
    };
    is_refused_after(lose_lease, &InspectionError::NotDelivering);
}

#[test]
fn one_whose_time_is_over_is_not_sent() {
    let mut bench = Bench::running();
    bench.pass(ms(1_000));
    bench.inspect_for(1, ms(0));
    assert!(bench.any_call().is_none());
    assert!(bench.is_answered(1, Err(InspectionError::Busy)));
}

#[test]
fn whoever_waits_too_long_or_behind_too_many_is_told_to_come_again() {
    let mut bench = Bench::running();
    bench.pass(ms(1_000));
    bench.wake("a");
    bench.inspect_for(1, ms(300));
    bench.pass(ms(299));
    assert!(!bench.is_answered(1, Err(InspectionError::Busy)));
    assert_eq!(bench.engine.wait_until(), Some(bench.now + ms(1)));
    bench.pass(ms(1));
    assert!(bench.is_answered(1, Err(InspectionError::Busy)));
    for number in 2..=9 {
        bench.inspect(number);
    }
    assert!(!bench.is_answered(9, Err(InspectionError::Busy)));
    bench.inspect(10);
    assert!(bench.is_answered(10, Err(InspectionError::Busy)));
}

#[test]
fn an_inspection_names_as_many_contacts_as_a_batch() {
    let call = Call::Inspect(Inspection {
        by: ContactKey::Address,
        keys: vec!["a@example.com".to_owned(); MAX_BATCH],
    });
    assert_eq!(
        (call.size(), call.writes(), call.name()),
        (MAX_BATCH, false, "inspect")
    );
}
