//! Refusals that turn out to be the account's fault after they were said to be the record's.

use contracts::{Field, FieldResult, NextAction, ReportResults, UserId};

use super::bench::Bench;
use super::everyone::{NAME, RULE, fault, probe, refuse_each, refused};
use super::samples::{all_written, id, linked, ms};
use crate::engine::{Input, UserServiceError};

/// The users whose refusals are taken back.
fn withdrawn(records: &[ReportResults]) -> Vec<UserId> {
    let mut users: Vec<UserId> = records
        .iter()
        .flat_map(|record| &record.retractions)
        .map(|withdrawal| withdrawal.user_id.clone())
        .collect();
    users.sort();
    users
}

fn users(numbers: std::ops::Range<usize>) -> Vec<UserId> {
    let mut users: Vec<UserId> = numbers.map(|number| id(&format!("u{number}"))).collect();
    users.sort();
    users
}

/// Everything that is reported from now on.
fn records(bench: &mut Bench) -> Vec<ReportResults> {
    std::iter::from_fn(|| {
        let (request, record) = bench.any_record()?;
        bench.take(request, &record, NextAction::Clean);
        Some(record)
    })
    .collect()
}

#[test]
fn a_success_of_the_field_starts_the_twenty_anew_and_one_of_another_field_does_not() {
    for (field, stops) in [(Field::FirstName, false), (Field::LastName, true)] {
        let mut bench = Bench::running();
        refuse_each(&mut bench, 0..19, RULE);
        let (call, update) = bench.deliver(&[linked("good", &[field])]);
        bench.answer(call, all_written(&update));
        records(&mut bench);
        refuse_each(&mut bench, 19..20, RULE);
        assert_eq!(fault(&bench).is_some(), stops, "{field:?}");
    }
}

#[test]
fn a_refusal_is_not_taken_back_before_it_is_recorded() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver(&[linked("u0", NAME)]);
    bench.answer(call, refused(RULE));
    let (request, out) = bench.record();
    let reported = refuse_each(&mut bench, 1..20, RULE);
    assert!(fault(&bench).is_some());
    assert_eq!(
        withdrawn(&reported),
        users(1..19),
        "the last one was not recorded at all"
    );
    bench.pass(ms(200));
    bench.take(request, &out, NextAction::Clean);
    let (request, record) = bench.record();
    assert_eq!(
        (withdrawn(std::slice::from_ref(&record)), record.results.len()),
        (users(0..1), 0)
    );
    bench.put(Input::ReportResponse(request, Err(UserServiceError::NoResponse)));
    assert!(bench.any_record().is_none(), "not at once");
    assert_eq!(bench.engine.wait_until(), Some(bench.now + ms(250)));
    bench.pass(ms(250));
    assert_eq!(withdrawn(&records(&mut bench)), users(0..1));
}

#[test]
fn a_verdict_on_another_field_that_waits_to_be_sent_is_left_as_it_is() {
    let mut bench = Bench::running();
    refuse_each(&mut bench, 0..1, RULE);
    let mut write_last_name = |user: &str| {
        let (call, update) = bench.deliver(&[linked(user, &[Field::LastName])]);
        bench.answer(call, all_written(&update));
        bench.any_record()
    };
    let out: Vec<_> = ["x", "y"].into_iter().filter_map(&mut write_last_name).collect();
    assert_eq!(out.len(), 2);
    assert!(write_last_name("u0").is_none(), "two messages are out");
    refuse_each(&mut bench, 1..20, RULE);
    assert!(fault(&bench).is_some());
    for (request, record) in out {
        bench.take(request, &record, NextAction::Clean);
    }
    let reported = records(&mut bench);
    assert_eq!(withdrawn(&reported), users(0..1));
    let verdict = reported
        .iter()
        .flat_map(|record| &record.results)
        .find(|verdict| verdict.user_id == id("u0"))
        .expect("its verdict waited");
    assert_eq!(
        (verdict.field_results.get(&Field::LastName), &verdict.failure),
        (Some(&FieldResult::Confirmed), &None)
    );
}

#[test]
fn a_probe_that_is_refused_for_another_reason_is_refused_itself() {
    let mut bench = Bench::running();
    refuse_each(&mut bench, 0..20, RULE);
    let (_, call, _) = probe(&mut bench, 10);
    bench.answer(call, refused("ANOTHER_RULE"));
    let verdict = &records(&mut bench)[0].results[0];
    let Some(FieldResult::Rejected { reason }) = verdict.field_results.get(&Field::FirstName) else {
        panic!("not refused: {verdict:?}")
    };
    assert_eq!(reason.code, "ANOTHER_RULE");
}
