//! Rejections that turn out to be the account's fault after they were reported as the record's.

use contracts::{Field, FieldResult, NextAction, ReportResults, UserId};

use super::harness::TestWorker;
use super::rejections_by_account::{NAME, RULE, check, halt_cause, reject_each, rejected};
use super::samples::{all_written, id, linked, ms};
use crate::engine::{Input, UserServiceError};

/// The users whose rejections are retracted.
fn retracted(reports: &[ReportResults]) -> Vec<UserId> {
    let mut users: Vec<UserId> = reports
        .iter()
        .flat_map(|report| &report.retractions)
        .map(|retraction| retraction.user_id.clone())
        .collect();
    users.sort();
    users
}

fn users(numbers: std::ops::Range<usize>) -> Vec<UserId> {
    let mut users: Vec<UserId> = numbers.map(|number| id(&format!("u{number}"))).collect();
    users.sort();
    users
}

/// All reports from now on.
fn reports(worker: &mut TestWorker) -> Vec<ReportResults> {
    std::iter::from_fn(|| {
        let (request, report) = worker.any_report()?;
        worker.take(request, &report, NextAction::Clean);
        Some(report)
    })
    .collect()
}

#[test]
fn only_a_success_of_the_field_restarts_the_count() {
    for (field, halts) in [(Field::FIRST_NAME, false), (Field::LAST_NAME, true)] {
        let mut worker = TestWorker::running();
        reject_each(&mut worker, 0..19, RULE);
        let (call, update) = worker.deliver(&[linked("good", &[field])]);
        worker.respond(call, all_written(&update));
        reports(&mut worker);
        reject_each(&mut worker, 19..20, RULE);
        assert_eq!(halt_cause(&worker).is_some(), halts, "{field:?}");
    }
}

#[test]
fn a_rejection_is_not_retracted_before_it_is_reported() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("u0", NAME)]);
    worker.respond(call, rejected(RULE));
    let (request, out) = worker.report();
    let reported = reject_each(&mut worker, 1..20, RULE);
    assert!(halt_cause(&worker).is_some());
    assert_eq!(
        retracted(&reported),
        users(1..19),
        "the last one was not recorded at all"
    );
    worker.pass(ms(200));
    worker.take(request, &out, NextAction::Clean);
    let (request, report) = worker.report();
    assert_eq!(
        (retracted(std::slice::from_ref(&report)), report.results.len()),
        (users(0..1), 0)
    );
    worker.put(Input::ReportResponse(request, Err(UserServiceError::NoResponse)));
    assert!(worker.any_report().is_none(), "not at once");
    assert_eq!(worker.engine.wait_until(), Some(worker.now + ms(250)));
    worker.pass(ms(250));
    assert_eq!(retracted(&reports(&mut worker)), users(0..1));
}

#[test]
fn a_result_whose_report_was_lost_is_repeated_unchanged_and_retracted() {
    let mut worker = TestWorker::running();
    reject_each(&mut worker, 0..18, RULE);
    let (call, _) = worker.deliver(&[linked("u18", NAME)]);
    worker.respond(call, rejected(RULE));
    let (request, lost) = worker.report();
    worker.put(Input::ReportResponse(request, Err(UserServiceError::NoResponse)));
    let (call, _) = worker.deliver(&[linked("u19", NAME)]);
    worker.respond(call, rejected(RULE));
    assert!(halt_cause(&worker).is_some());
    worker.pass(ms(250));
    let reported = reports(&mut worker);
    let repeated = reported.iter().flat_map(|report| &report.results);
    let repeated: Vec<_> = repeated
        .filter(|result| result.user_id == lost.results[0].user_id)
        .collect();
    assert_eq!(repeated, [&lost.results[0]]);
    assert_eq!(retracted(&reported), users(0..19));
}

#[test]
fn a_retraction_leaves_results_of_other_fields_alone() {
    let mut worker = TestWorker::running();
    reject_each(&mut worker, 0..1, RULE);
    let mut write_last_name = |user: &str| {
        let (call, update) = worker.deliver(&[linked(user, &[Field::LAST_NAME])]);
        worker.respond(call, all_written(&update));
        worker.any_report()
    };
    let out: Vec<_> = ["x", "y"].into_iter().filter_map(&mut write_last_name).collect();
    assert_eq!(out.len(), 2);
    assert!(write_last_name("u0").is_none(), "two messages are out");
    reject_each(&mut worker, 1..20, RULE);
    assert!(halt_cause(&worker).is_some());
    for (request, report) in out {
        worker.take(request, &report, NextAction::Clean);
    }
    let reported = reports(&mut worker);
    assert_eq!(retracted(&reported), users(0..1));
    let result = reported
        .iter()
        .flat_map(|report| &report.results)
        .find(|result| result.user_id == id("u0"))
        .expect("its result waited");
    assert_eq!(
        (result.field_results.get(&Field::LAST_NAME), &result.failure),
        (Some(&FieldResult::CONFIRMED), &None)
    );
}

#[test]
fn a_check_rejected_for_another_reason_keeps_its_rejection() {
    let mut worker = TestWorker::running();
    reject_each(&mut worker, 0..20, RULE);
    let (_, call, _) = check(&mut worker, 10);
    worker.respond(call, rejected("ANOTHER_RULE"));
    let result = &reports(&mut worker)[0].results[0];
    let Some(FieldResult::Rejected { reason }) = result.field_results.get(&Field::FIRST_NAME) else {
        panic!("not rejected: {result:?}")
    };
    assert_eq!(reason.code, "ANOTHER_RULE");
}
