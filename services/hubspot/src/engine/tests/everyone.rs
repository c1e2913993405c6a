//! Refusals that are the account's fault: a property that cannot be used, and a rule that refuses everyone.

use std::{collections::BTreeMap, time::Duration};

use contracts::{Field, FieldResult, NextAction, Reason, ReportResults};

use super::bench::Bench;
use super::samples::{all_written, error_of, id, inputs, linked, ms, reason, written};
use crate::engine::{Call, CallError, CallErrorKind, CallId, HaltCause, Response, WorkerStatus};

pub(super) const NAME: &[Field] = &[Field::FirstName];
pub(super) const RULE: &str = "SOME_RULE";

pub(super) fn fault(bench: &Bench) -> Option<HaltCause> {
    match bench.engine.status() {
        WorkerStatus::Halted { cause: fault, .. } => Some(fault),
        _ => None,
    }
}

/// The first name is refused with this code.
fn refusal(code: &str) -> CallErrorKind {
    let named = BTreeMap::from([("firstname".to_owned(), reason(code))]);
    CallErrorKind::Invalid { properties: named }
}

pub(super) fn refused(code: &str) -> Response {
    Response::Error(CallError {
        kind: refusal(code),
        reason: reason(code),
    })
}

/// A partial success without a success.
fn each_refused(update: &Call) -> Response {
    let errors = inputs(update).iter().map(|input| {
        let mut error = error_of(input, refusal(RULE));
        error.error.reason = reason(RULE);
        error
    });
    Response::Updated {
        results: Vec::new(),
        errors: errors.collect(),
    }
}

/// Users are refused one after another; all verdicts are recorded.
pub(super) fn refuse_each(
    bench: &mut Bench,
    users: std::ops::Range<usize>,
    code: &str,
) -> Vec<ReportResults> {
    let mut records = Vec::new();
    for number in users {
        let (call, _) = bench.deliver(&[linked(&format!("u{number}"), NAME)]);
        bench.answer(call, refused(code));
        while let Some((request, record)) = bench.any_record() {
            bench.take(request, &record, NextAction::Clean);
            records.push(record);
        }
        bench.pass(ms(200));
    }
    records
}

/// Lets time pass until a probe is due, gives it out and returns its call.
pub(super) fn probe(bench: &mut Bench, seconds: u64) -> (String, CallId, Call) {
    bench.pass(Duration::from_secs(seconds));
    let (request, asked) = bench.claim();
    assert_eq!(asked.users.len(), 1, "the probe is alone");
    let user = asked.users[0].to_string();
    bench.give(request, vec![linked(&user, NAME)]);
    let (call, update) = bench.call();
    (user, call, update)
}

#[test]
fn a_property_that_cannot_be_used_stops_the_line_at_once_and_refuses_nobody() {
    for code in ["PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"] {
        let mut bench = Bench::running();
        let (call, _) = bench.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
        bench.answer(call, refused(code));
        assert_eq!(fault(&bench), Some(HaltCause::UnusableProperty(Field::FirstName)));
        let (request, record) = bench.record();
        for verdict in &record.results {
            assert!(verdict.field_results.is_empty());
            assert!(!verdict.failure.as_ref().expect("given back").is_counted);
        }
        bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
        let (user, call, update) = probe(&mut bench, 10);
        assert_eq!(user, "a");
        bench.answer(call, all_written(&update));
        assert_eq!(fault(&bench), None);
    }
}

#[test]
fn a_property_that_one_input_of_a_batch_cannot_use_stops_the_line_too_and_the_others_count() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    let [a, b] = inputs(&update) else {
        panic!("two inputs")
    };
    let error = error_of(a, refusal("READ_ONLY_VALUE"));
    let answer = Response::Updated {
        results: vec![written(b)],
        errors: vec![error],
    };
    bench.answer(call, answer);
    assert_eq!(fault(&bench), Some(HaltCause::UnusableProperty(Field::FirstName)));
    let (_, record) = bench.record();
    let outcomes: Vec<_> = record
        .results
        .iter()
        .map(|verdict| {
            (
                verdict.user_id.as_str(),
                verdict.field_results.get(&Field::FirstName),
            )
        })
        .collect();
    assert_eq!(outcomes, [("a", None), ("b", Some(&FieldResult::Confirmed))]);
    let failure = record.results[0].failure.as_ref().expect("given back");
    assert_eq!(failure.reason.code, "READ_ONLY_VALUE", "the property's own words");
}

#[test]
fn twenty_records_running_that_are_refused_alike_stop_the_line_and_are_owed_again() {
    let mut bench = Bench::running();
    let records = refuse_each(&mut bench, 0..19, RULE);
    assert_eq!(fault(&bench), None);
    assert!(records.iter().all(|record| record.retractions.is_empty()));
    let records = refuse_each(&mut bench, 19..20, RULE);
    assert_eq!(
        fault(&bench),
        Some(HaltCause::RejectsEveryRecord(Field::FirstName))
    );
    let verdict = &records[0].results[0];
    assert!(
        verdict.field_results.is_empty(),
        "the last one is not refused at all"
    );
    assert!(
        verdict
            .failure
            .as_ref()
            .is_some_and(|failure| !failure.is_counted)
    );
    let mut withdrawn: Vec<_> = records
        .iter()
        .flat_map(|record| &record.retractions)
        .map(|withdrawal| {
            (
                withdrawal.field,
                withdrawal.code.as_str(),
                withdrawal.user_id.clone(),
            )
        })
        .collect();
    withdrawn.sort();
    let mut expected: Vec<_> = (0..19)
        .map(|n| (Field::FirstName, RULE, id(&format!("u{n}"))))
        .collect();
    expected.sort();
    assert_eq!(withdrawn, expected);
}

#[test]
fn refusals_in_one_batch_are_taken_back_before_they_are_recorded() {
    let mut bench = Bench::running();
    let claims: Vec<_> = (0..20).map(|n| linked(&format!("u{n}"), NAME)).collect();
    let (call, update) = bench.deliver_together(&claims);
    bench.answer(call, each_refused(&update));
    let (_, record) = bench.record();
    assert_eq!(record.results.len(), 20);
    for verdict in &record.results {
        assert!(verdict.field_results.is_empty());
        assert_eq!(verdict.failure.as_ref().expect("a reason").reason.code, RULE);
    }
}

#[test]
fn records_on_their_way_that_meet_the_rule_after_the_twenty_are_not_refused_either() {
    let mut bench = Bench::running();
    let early: Vec<_> = (0..25).map(|n| linked(&format!("u{n}"), NAME)).collect();
    let (call, update) = bench.deliver_together(&early);
    let (late_call, late_update) = bench.deliver(&[linked("late", NAME)]);
    bench.answer(call, each_refused(&update));
    bench.answer(late_call, each_refused(&late_update));
    let mut verdicts = Vec::new();
    while let Some((_, record)) = bench.any_record() {
        verdicts.extend(record.results);
    }
    assert_eq!(verdicts.len(), 26);
    assert!(verdicts.iter().all(|verdict| verdict.field_results.is_empty()));
}

#[test]
fn a_rule_is_probed_by_one_of_the_twenty_and_then_by_another_record() {
    let mut bench = Bench::running();
    refuse_each(&mut bench, 0..20, RULE);
    bench.wake("other");
    let (first, call, _) = probe(&mut bench, 10);
    assert!(first.starts_with('u'), "{first}");
    bench.answer(call, refused(RULE));
    assert_eq!(
        fault(&bench),
        Some(HaltCause::RejectsEveryRecord(Field::FirstName))
    );
    let (request, record) = bench.record();
    assert!(record.results[0].field_results.is_empty());
    bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    let (second, call, update) = probe(&mut bench, 20);
    assert_eq!(second, "other");
    bench.answer(call, all_written(&update));
    assert_eq!(fault(&bench), None, "so the twenty are guilty themselves");
    let (request, record) = bench.record();
    let next = record
        .claim
        .clone()
        .expect("the twenty follow in the same message");
    let claims = next.users.iter().map(|user| linked(user.as_str(), NAME));
    bench.take_and_give(request, &record, NextAction::Clean, claims.collect());
    while let Some((call, update)) = bench.any_call() {
        bench.answer(call, each_refused(&update));
    }
    assert_eq!(fault(&bench), None);
    let (_, record) = bench.record();
    assert!(record.results.len() >= 19);
    let is_refused = |outcome: &FieldResult| matches!(outcome, FieldResult::Rejected { .. });
    assert!(
        record
            .results
            .iter()
            .all(|verdict| is_refused(&verdict.field_results[&Field::FirstName]))
    );
}

#[test]
fn a_probe_that_does_not_carry_the_field_proves_nothing() {
    let mut bench = Bench::running();
    refuse_each(&mut bench, 0..20, RULE);
    bench.pass(Duration::from_secs(10));
    let (request, asked) = bench.claim();
    bench.give(request, vec![linked(asked.users[0].as_str(), &[Field::LastName])]);
    let (call, update) = bench.call();
    bench.answer(call, all_written(&update));
    assert_eq!(
        fault(&bench),
        Some(HaltCause::RejectsEveryRecord(Field::FirstName))
    );
}

#[test]
fn bad_values_never_stop_the_line() {
    let mut bench = Bench::running();
    refuse_each(&mut bench, 0..50, "INVALID_EMAIL");
    assert_eq!(fault(&bench), None);
}

#[test]
fn the_reason_of_a_rule_is_hubspots_own() {
    let mut bench = Bench::running();
    refuse_each(&mut bench, 0..20, RULE);
    let WorkerStatus::Halted { cause: fault, reason } = bench.engine.status() else {
        panic!("stopped")
    };
    assert!(fault.message().contains("firstname"));
    let Reason { code, message, .. } = reason;
    assert_eq!((code.as_str(), message.as_str()), (RULE, "in HubSpot's words"));
}
