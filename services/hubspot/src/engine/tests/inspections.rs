//! Inspections: contacts are read to be compared while no delivery needs the calls.

mod failures;

use std::time::Duration;

use contracts::Field;

use super::harness::TestWorker;
use super::samples::{all_written, held, linked, ms};
use crate::engine::{
    Call, CallId, CallResponse, ContactKey, Input, InspectedContacts, Inspection, InspectionError,
    InspectionId, MAX_BATCH, Output, RateLimitHeaders, Response,
};

const NAME: &[Field] = &[Field::FIRST_NAME];
/// A time longer than any of these tests.
const PATIENCE: Duration = Duration::from_mins(10);

fn inspection() -> Inspection {
    Inspection {
        by: ContactKey::Id,
        keys: vec!["c-a".to_owned()],
    }
}

impl TestWorker {
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

    /// The call of the inspection in flight.
    fn inspection_in_flight(&mut self) -> CallId {
        let (call, made) = self.call();
        assert_eq!(made, Call::Inspect(inspection()));
        call
    }

    /// Takes this result of an inspection out of the outputs. Returns whether it was there.
    fn take_inspection_result(
        &mut self,
        number: u64,
        response: Result<InspectedContacts, InspectionError>,
    ) -> bool {
        self.put_out(&Output::Inspected(InspectionId(number), response))
    }

    fn respond_with_day(&mut self, call: CallId, response: Response, left: u64) {
        let limits = RateLimitHeaders {
            daily: Some(1_000),
            daily_remaining: Some(left),
            ..RateLimitHeaders::default()
        };
        self.respond_with(call, response, limits);
    }

    fn respond_with(&mut self, call: CallId, response: Response, limits: RateLimitHeaders) {
        self.put(Input::CallResponse(
            call,
            CallResponse {
                response,
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
fn an_idle_worker_inspects_at_once_one_after_the_other() {
    let mut worker = TestWorker::running();
    worker.pass(ms(1_000));
    worker.inspect(1);
    let call = worker.inspection_in_flight();
    worker.inspect(2);
    assert!(worker.any_call().is_none(), "one at a time");
    worker.respond(call, read());
    assert!(worker.take_inspection_result(1, Ok(InspectedContacts::default())));
    worker.pass(ms(200));
    let call = worker.inspection_in_flight();
    worker.respond(call, read());
    assert!(worker.take_inspection_result(2, Ok(InspectedContacts::default())));
}

#[test]
fn changes_never_wait_for_an_inspection() {
    let mut worker = TestWorker::running();
    worker.pass(ms(1_000));
    worker.wake("a");
    worker.inspect(1);
    assert!(worker.any_call().is_none(), "the change is being claimed");
    worker.give_all(&[linked("a", NAME)]);
    let (write, update) = worker.call();
    assert!(matches!(update, Call::Update { .. }));
    worker.pass(ms(1_000));
    let inspection = worker.inspection_in_flight();
    worker.wake("b");
    worker.give_all(&[linked("b", NAME)]);
    let (_, update_of_b) = worker.call();
    assert!(matches!(update_of_b, Call::Update { .. }), "{update_of_b:?}");
    worker.respond(inspection, read());
    worker.respond(write, all_written(&update));
}

#[test]
fn every_slot_is_for_changes() {
    let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
    worker.pass(ms(1_000));
    worker.inspect(1);
    worker.inspection_in_flight();
    worker.wake("a");
    worker.give_all(&[linked("a", NAME)]);
    assert!(matches!(worker.call().1, Call::Update { .. }));
    worker.inspect(2);
    worker.pass(ms(1_000));
    assert!(worker.any_call().is_none(), "the change uses the only slot");
}

#[test]
fn inspections_take_at_most_half_of_the_window() {
    let mut worker = TestWorker::running();
    worker.pass(ms(10_000));
    let start = worker.now;
    let mut calls = 0;
    let mut number = 0;
    while worker.now < start + ms(9_900) {
        number += 1;
        worker.inspect(number);
        if let Some((call, _)) = worker.any_call() {
            calls += 1;
            worker.respond(call, read());
        }
        worker.pass(ms(10));
    }
    assert!((40..=50).contains(&calls), "{calls} of a hundred");
    // All calls at once, at the start of a flood.
    for user in ["a", "b", "c"] {
        worker.wake(user);
        worker.give_all(&[linked(user, NAME)]);
    }
    assert!(
        matches!(worker.call().1, Call::Update { .. }),
        "a change leaves at once"
    );
}

#[test]
fn a_window_without_a_spare_call_is_for_changes() {
    for (limit, is_read) in [(1, false), (2, false), (3, true)] {
        let mut worker = TestWorker::running();
        worker.pass(ms(1_000));
        worker.inspect(0);
        let call = worker.inspection_in_flight();
        let limits = RateLimitHeaders {
            max: Some(limit),
            ..RateLimitHeaders::default()
        };
        worker.respond_with(call, read(), limits);
        worker.pass(ms(11_000));
        worker.inspect(1);
        let read_at = worker.any_call().map(|_| worker.now);
        assert_eq!(read_at.is_some(), is_read, "{limit}");
        assert_eq!(
            worker.take_inspection_result(1, Err(InspectionError::WindowTooSmall)),
            !is_read
        );
        worker.wake("a");
        worker.give_all(&[linked("a", NAME)]);
        assert!(
            matches!(worker.call().1, Call::Update { .. }),
            "{limit}: a change leaves at once"
        );
    }
}

/// Whether waiting, sent and later inspections each get this error, once.
fn is_rejected_after(end: impl FnOnce(&mut TestWorker), why: &InspectionError) {
    let mut worker = TestWorker::running();
    worker.pass(ms(1_000));
    worker.inspect(1);
    let call = worker.inspection_in_flight();
    worker.inspect(2);
    end(&mut worker);
    worker.inspect(3);
    for number in 1..=3 {
        assert!(
            worker.take_inspection_result(number, Err(why.clone())),
            "{number}: {why:?}"
        );
    }
    worker.respond(call, read());
    assert!(!worker.take_inspection_result(1, Ok(InspectedContacts::default())));
}

#[test]
fn a_shutdown_ends_waiting_and_sent_inspections() {
    is_rejected_after(
        |worker| worker.put(Input::ShutDown),
        &InspectionError::ShuttingDown,
    );
}

#[test]
fn a_lost_lease_ends_waiting_and_sent_inspections() {
    let lose_lease = |worker: &mut TestWorker| {
        worker.now += ms(1_000);
        worker.put(Input::Tick);
        worker.put(Input::LeaseResponse(Ok(held(500))));
    };
    is_rejected_after(lose_lease, &InspectionError::NotDelivering);
}

#[test]
fn an_expired_inspection_is_not_sent() {
    let mut worker = TestWorker::running();
    worker.pass(ms(1_000));
    worker.inspect_for(1, ms(0));
    assert!(worker.any_call().is_none());
    assert!(worker.take_inspection_result(1, Err(InspectionError::Busy)));
}

#[test]
fn an_inspection_that_waits_too_long_is_busy() {
    let mut worker = TestWorker::running();
    worker.pass(ms(1_000));
    worker.wake("a");
    worker.inspect_for(1, ms(300));
    worker.pass(ms(299));
    assert!(!worker.take_inspection_result(1, Err(InspectionError::Busy)));
    assert_eq!(worker.engine.wait_until(), Some(worker.now + ms(1)));
    worker.pass(ms(1));
    assert!(worker.take_inspection_result(1, Err(InspectionError::Busy)));
    for number in 2..=9 {
        worker.inspect(number);
    }
    assert!(!worker.take_inspection_result(9, Err(InspectionError::Busy)));
    worker.inspect(10);
    assert!(worker.take_inspection_result(10, Err(InspectionError::Busy)));
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
