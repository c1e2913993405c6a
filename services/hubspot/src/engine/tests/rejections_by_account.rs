//! Rejections that are the account's fault: an unusable property, and a rule that rejects every record.

use std::{collections::BTreeMap, time::Duration};

use contracts::{Field, FieldDefinitions, FieldResult, NextAction, Priority, Reason, ReportResults};

use super::harness::TestWorker;
use super::samples::{all_written, error_of, id, inputs, linked, ms, passed, reason};
use crate::engine::{Call, CallError, CallErrorKind, CallId, HaltCause, Response, WorkerStatus};

pub(super) const NAME: &[Field] = &[Field::FIRST_NAME];
pub(super) const RULE: &str = "SOME_RULE";

pub(super) fn halt_cause(worker: &TestWorker) -> Option<HaltCause> {
    match worker.engine.status() {
        WorkerStatus::Halted {
            cause: halt_cause, ..
        } => Some(halt_cause),
        _ => None,
    }
}

/// The first name is rejected with this code.
fn rejection(code: &str) -> CallErrorKind {
    let named = BTreeMap::from([(Field::FIRST_NAME, reason(code))]);
    CallErrorKind::Invalid { fields: named }
}

pub(super) fn rejected(code: &str) -> Response {
    Response::Error(CallError {
        kind: rejection(code),
        reason: reason(code),
    })
}

/// A partial success in which no input succeeded.
fn each_rejected(update: &Call) -> Response {
    let errors = inputs(update).iter().map(|input| {
        let mut error = error_of(input, rejection(RULE));
        error.error.reason = reason(RULE);
        error
    });
    Response::Updated {
        results: Vec::new(),
        errors: errors.collect(),
    }
}

/// Users are rejected one after another; all results are taken.
pub(super) fn reject_each(
    worker: &mut TestWorker,
    users: std::ops::Range<usize>,
    code: &str,
) -> Vec<ReportResults> {
    let mut reports = Vec::new();
    for number in users {
        let (call, _) = worker.deliver(&[linked(&format!("u{number}"), NAME)]);
        worker.respond(call, rejected(code));
        while let Some((request, report)) = worker.any_report() {
            worker.take(request, &report, NextAction::Clean);
            reports.push(report);
        }
        worker.pass(ms(200));
    }
    reports
}

/// Lets time pass until a recovery check is due, and returns its call.
pub(super) fn check(worker: &mut TestWorker, seconds: u64) -> (String, CallId, Call) {
    worker.pass(Duration::from_secs(seconds));
    let (request, asked) = worker.claim();
    assert_eq!(asked.users.len(), 1, "the check is alone");
    let user = asked.users[0].to_string();
    worker.give(request, vec![linked(&user, NAME)]);
    let (call, update) = worker.call();
    (user, call, update)
}

#[test]
fn an_unusable_property_halts_and_rejects_nothing() {
    for code in ["PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"] {
        let mut worker = TestWorker::running();
        worker.passes_checks = false;
        let (call, _) = worker.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
        worker.respond(call, rejected(code));
        let (definition, _) = worker.check();
        let unusable = Response::Property { is_read_only: true };
        worker.respond(definition, unusable);
        assert_eq!(
            halt_cause(&worker),
            Some(HaltCause::UnusableProperty(Field::FIRST_NAME))
        );
        while let Some((call, _)) = worker.any_call() {
            worker.respond(call, rejected(code));
        }
        while let Some((request, report)) = worker.any_report() {
            for result in &report.results {
                assert!(result.field_results.is_empty());
                assert!(!result.failure.as_ref().expect("given back").is_counted);
            }
            worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
        }
        worker.pass(Duration::from_secs(10));
        let (definition, check) = worker.check();
        worker.respond(definition, passed(check));
        assert_eq!(halt_cause(&worker), None);
    }
}

#[test]
fn twenty_equal_rejections_halt_and_are_retracted() {
    let mut worker = TestWorker::running();
    let reports = reject_each(&mut worker, 0..19, RULE);
    assert_eq!(halt_cause(&worker), None);
    assert!(reports.iter().all(|report| report.retractions.is_empty()));
    let reports = reject_each(&mut worker, 19..20, RULE);
    assert_eq!(
        halt_cause(&worker),
        Some(HaltCause::RejectsEveryRecord(Field::FIRST_NAME))
    );
    let result = &reports[0].results[0];
    assert!(
        result.field_results.is_empty(),
        "the last one is not refused at all"
    );
    assert!(result.failure.as_ref().is_some_and(|failure| !failure.is_counted));
    let mut retracted: Vec<_> = reports
        .iter()
        .flat_map(|report| &report.retractions)
        .map(|retraction| {
            (
                retraction.field,
                retraction.code.as_str(),
                retraction.user_id.clone(),
            )
        })
        .collect();
    retracted.sort();
    let mut expected: Vec<_> = (0..19)
        .map(|n| (Field::FIRST_NAME, RULE, id(&format!("u{n}"))))
        .collect();
    expected.sort();
    assert_eq!(retracted, expected);
}

#[test]
fn rejections_in_one_batch_are_taken_back_before_a_report() {
    let mut worker = TestWorker::running();
    let claims: Vec<_> = (0..20).map(|n| linked(&format!("u{n}"), NAME)).collect();
    let (call, update) = worker.deliver_together(&claims);
    worker.respond(call, each_rejected(&update));
    let (_, report) = worker.report();
    assert_eq!(report.results.len(), 20);
    for result in &report.results {
        assert!(result.field_results.is_empty());
        assert_eq!(result.failure.as_ref().expect("a reason").reason.code, RULE);
    }
}

#[test]
fn later_rejections_in_flight_are_retracted_too() {
    let mut worker = TestWorker::running();
    let early: Vec<_> = (0..25).map(|n| linked(&format!("u{n}"), NAME)).collect();
    let (call, update) = worker.deliver_together(&early);
    let (late_call, late_update) = worker.deliver(&[linked("late", NAME)]);
    worker.respond(call, each_rejected(&update));
    worker.respond(late_call, each_rejected(&late_update));
    let mut results = Vec::new();
    while let Some((_, report)) = worker.any_report() {
        results.extend(report.results);
    }
    assert_eq!(results.len(), 26);
    assert!(results.iter().all(|result| result.field_results.is_empty()));
}

#[test]
fn checks_alternate_between_affected_and_other_records() {
    let mut worker = TestWorker::running();
    reject_each(&mut worker, 0..20, RULE);
    worker.wake_in("other", Priority::Backfill, "other");
    let (first, call, _) = check(&mut worker, 10);
    assert!(first.starts_with('u'), "{first}");
    worker.respond(call, rejected(RULE));
    assert_eq!(
        halt_cause(&worker),
        Some(HaltCause::RejectsEveryRecord(Field::FIRST_NAME))
    );
    let (request, report) = worker.report();
    assert!(report.results[0].field_results.is_empty());
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    let (second, call, update) = check(&mut worker, 20);
    assert_eq!(second, "other");
    worker.respond(call, all_written(&update));
    assert_eq!(halt_cause(&worker), None, "so the twenty are at fault themselves");
    let (request, report) = worker.report();
    let next = report
        .claim
        .clone()
        .expect("the twenty follow in the same message");
    let claims = next.users.iter().map(|user| linked(user.as_str(), NAME));
    worker.take_and_give(request, &report, NextAction::Clean, claims.collect());
    while let Some((call, update)) = worker.any_call() {
        worker.respond(call, each_rejected(&update));
    }
    assert_eq!(halt_cause(&worker), None);
    let (_, report) = worker.report();
    assert!(report.results.len() >= 19);
    let is_refused = |outcome: &FieldResult| matches!(outcome, FieldResult::Rejected { .. });
    assert!(
        report
            .results
            .iter()
            .all(|result| is_refused(&result.field_results[&Field::FIRST_NAME]))
    );
}

#[test]
fn a_check_without_the_field_does_not_pass() {
    let mut worker = TestWorker::running();
    reject_each(&mut worker, 0..20, RULE);
    worker.pass(Duration::from_secs(10));
    let (request, asked) = worker.claim();
    worker.give(
        request,
        vec![linked(asked.users[0].as_str(), &[Field::LAST_NAME])],
    );
    let (call, update) = worker.call();
    worker.respond(call, all_written(&update));
    assert_eq!(
        halt_cause(&worker),
        Some(HaltCause::RejectsEveryRecord(Field::FIRST_NAME))
    );
}

#[test]
fn bad_values_never_halt_delivery() {
    let mut worker = TestWorker::running();
    reject_each(&mut worker, 0..50, "INVALID_EMAIL");
    assert_eq!(halt_cause(&worker), None);
}

#[test]
fn the_reason_shown_is_hubspots_own() {
    let mut worker = TestWorker::running();
    reject_each(&mut worker, 0..20, RULE);
    let WorkerStatus::Halted {
        cause: halt_cause,
        reason,
    } = worker.engine.status()
    else {
        panic!("not halted")
    };
    assert!(
        halt_cause
            .message(FieldDefinitions::built_in())
            .contains("firstname")
    );
    let Reason { code, message, .. } = reason;
    assert_eq!((code.as_str(), message.as_str()), (RULE, "in HubSpot's words"));
}
