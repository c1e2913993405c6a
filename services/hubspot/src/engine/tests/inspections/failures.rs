//! Inspections that fail, and what that means for deliveries.

use std::time::Duration;

use super::{NAME, PATIENCE, inspection, read};
use crate::engine::{
    Call, CallErrorKind, HaltCause, Input, InspectedContacts, InspectionError, InspectionId, RateLimit,
    Response, WorkerStatus,
    tests::{
        halts::halt_cause,
        harness::TestWorker,
        samples::{ACCOUNT, all_written, failed, linked, ms, reason, server_error},
    },
};

#[test]
fn an_inspection_is_no_recovery_check() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(CallErrorKind::AccountMoving { retry_after: None }));
    worker.inspect(1);
    let halted = InspectionError::Halted {
        cause: HaltCause::AccountMoving,
        reason: reason("X"),
    };
    assert!(worker.take_inspection_result(1, Err(halted)));
    worker.pass(Duration::from_secs(61));
    worker.inspect(2);
    assert!(!matches!(worker.any_call(), Some((_, Call::Inspect(_)))));
}

#[test]
fn while_delivery_is_paused_contacts_can_be_read_and_nothing_is_written() {
    let mut worker = TestWorker::running();
    worker.paused = true;
    worker.pass(ms(1_500));
    worker.wake("a");
    worker.inspect(1);
    let call = worker.inspection_in_flight();
    worker.respond(call, failed(CallErrorKind::MissingScopes));
    assert!(worker.take_inspection_result(1, Err(InspectionError::Failed(reason("X")))));
    assert_eq!(worker.engine.status(), WorkerStatus::Paused);
    worker.pass(ms(1_000));
    worker.inspect(2);
    worker.inspection_in_flight();
    worker.paused = false;
    worker.pass(ms(1_500));
    worker.give_all(&[linked("a", NAME)]);
    assert!(
        matches!(worker.call().1, Call::Update { .. }),
        "its failure held up no change"
    );
}

#[test]
fn an_automatic_inspection_waits_for_the_end_of_a_pause() {
    let mut worker = TestWorker::running();
    worker.paused = true;
    worker.pass(ms(1_500));
    worker.put(Input::Inspect {
        id: InspectionId(1),
        inspection: inspection(),
        even_paused: false,
        until: worker.now + PATIENCE,
    });
    worker.inspect(2);
    let call = worker.inspection_in_flight();
    worker.respond(call, read());
    assert!(worker.take_inspection_result(2, Ok(InspectedContacts::default())));
    worker.pass(ms(1_000));
    assert!(worker.any_call().is_none());
    worker.paused = false;
    worker.pass(ms(1_500));
    worker.inspection_in_flight();
}

#[test]
fn an_inspection_that_outwaits_a_pause_is_told_why() {
    let mut worker = TestWorker::running();
    worker.paused = true;
    worker.pass(ms(1_500));
    worker.put(Input::Inspect {
        id: InspectionId(1),
        inspection: inspection(),
        even_paused: false,
        until: worker.now + ms(5_000),
    });
    worker.pass(ms(5_000));
    assert!(worker.take_inspection_result(1, Err(InspectionError::Paused)));
}

#[test]
fn an_account_error_does_not_halt_deliveries() {
    for kind in [
        CallErrorKind::Unauthorized,
        CallErrorKind::MissingScopes,
        CallErrorKind::NoSuchPath,
        CallErrorKind::AccountMoving { retry_after: None },
    ] {
        let mut worker = TestWorker::running();
        worker.pass(ms(1_000));
        worker.inspect(1);
        let call = worker.inspection_in_flight();
        worker.respond(call, failed(kind.clone()));
        assert!(worker.take_inspection_result(1, Err(InspectionError::Failed(reason("X")))));
        assert_eq!(
            halt_cause(&worker),
            None,
            "{kind:?}: a token may write and not read"
        );
        let (call, _) = worker.deliver(&[linked("a", NAME)]);
        worker.passes_checks = false;
        worker.respond(call, failed(kind.clone()));
        if let Some((check, _)) = worker.any_check() {
            worker.respond(check, failed(kind.clone()));
        }
        assert!(halt_cause(&worker).is_some(), "{kind:?}");
    }
}

#[test]
fn an_inspection_during_a_token_change_counts_for_none() {
    let mut worker = TestWorker::running();
    worker.pass(ms(1_000));
    worker.inspect(1);
    let call = worker.inspection_in_flight();
    worker.put(Input::TokenReplaced);
    assert!(worker.take_inspection_result(1, Err(InspectionError::AccountUnknown)));
    worker.respond(call, failed(CallErrorKind::Unauthorized));
    assert_eq!(halt_cause(&worker), None, "the token it was about is gone");
}

#[test]
fn one_inspection_without_a_response_does_not_yield_the_lease() {
    let mut worker = TestWorker::running();
    worker.pass(ms(1_000));
    worker.inspect(1);
    let call = worker.inspection_in_flight();
    worker.respond(call, failed(CallErrorKind::NoResponse));
    assert!(!worker.engine.leadership.is_silent());
}

#[test]
fn a_failed_inspection_says_nothing_about_changes() {
    let mut worker = TestWorker::running();
    for number in 0..3 {
        worker.pass(ms(1_000));
        worker.inspect(number);
        let call = worker.inspection_in_flight();
        worker.respond(call, server_error());
        assert!(worker.take_inspection_result(number, Err(InspectionError::Unreadable(reason("X")))));
    }
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, server_error());
    assert_eq!(halt_cause(&worker), None);
}

fn limited(policy: RateLimit) -> Response {
    failed(CallErrorKind::RateLimited {
        limit: policy,
        retry_after: None,
    })
}

#[test]
fn a_rate_limit_pauses_deliveries_and_inspections() {
    let mut worker = TestWorker::running();
    worker.pass(ms(1_000));
    worker.inspect(1);
    let call = worker.inspection_in_flight();
    worker.respond(call, limited(RateLimit::Window));
    worker.wake("a");
    worker.inspect(2);
    worker.give_all(&[linked("a", NAME)]);
    assert!(worker.any_call().is_none(), "a tenth of the window is waited");
    worker.pass(ms(1_000));
    worker.give_all(&[linked("a", NAME)]);
    let (call, update) = worker.call();
    assert!(matches!(update, Call::Update { .. }));
    worker.respond(call, all_written(&update));
    worker.result();
    worker.pass(ms(8_999));
    assert!(
        worker.any_call().is_none(),
        "the rest of the window is for changes"
    );
    worker.pass(ms(1));
    worker.inspection_in_flight();
}

#[test]
fn a_used_up_day_pauses_inspections_but_not_changes() {
    let mut worker = TestWorker::running();
    worker.pass(ms(1_000));
    worker.inspect(1);
    let call = worker.inspection_in_flight();
    worker.respond(call, limited(RateLimit::Day));
    assert!(worker.take_inspection_result(1, Err(InspectionError::Failed(reason("X")))));
    assert_eq!(halt_cause(&worker), None);
    worker.pass(Duration::from_mins(59));
    worker.inspect(2);
    assert!(worker.take_inspection_result(2, Err(InspectionError::DayRunsShort)));
    worker.pass(Duration::from_mins(1));
    worker.inspect(3);
    worker.inspection_in_flight();
}

#[test]
fn a_new_token_may_have_a_day_of_its_own() {
    let mut worker = TestWorker::running();
    worker.pass(ms(1_000));
    worker.inspect(1);
    let call = worker.inspection_in_flight();
    worker.respond(call, limited(RateLimit::Day));
    worker.put(Input::TokenReplaced);
    let (call, account) = worker.call();
    assert_eq!(account, Call::Account);
    let account_id = ACCOUNT.into();
    worker.respond(
        call,
        Response::Account {
            account_id,
            details_refused: false,
        },
    );
    worker.pass(ms(1_000));
    worker.inspect(2);
    worker.inspection_in_flight();
}

#[test]
fn the_second_half_of_the_day_is_for_changes() {
    let mut worker = TestWorker::running();
    worker.pass(ms(1_000));
    worker.inspect(1);
    let call = worker.inspection_in_flight();
    worker.respond_with_day(call, read(), 500);
    worker.pass(ms(1_000));
    worker.inspect(2);
    assert!(worker.take_inspection_result(2, Err(InspectionError::DayRunsShort)));
    assert_eq!(halt_cause(&worker), None);
}
