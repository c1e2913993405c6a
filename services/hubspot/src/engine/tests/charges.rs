//! Whose fault a failure is, and what is said of it.

use contracts::{AttemptResult, Claim, Field, NextAction};

use super::bench::Bench;
use super::samples::{all_written, claim, inputs, linked, ms, problem, server_fault, written};
use crate::engine::{Call, CallErrorKind, CallId, Response, UpdatedContact};

const NAME: &[Field] = &[Field::FirstName];

fn charged(verdict: &AttemptResult) -> bool {
    verdict.failure.as_ref().expect("it failed").is_counted
}

/// Another record's write succeeds.
fn succeed(bench: &mut Bench) {
    let (call, update) = bench.deliver(&[linked("good", NAME)]);
    bench.answer(call, all_written(&update));
    bench.verdict();
}

/// Reports a failure; the user is claimed again in a second.
fn failure(bench: &mut Bench) -> AttemptResult {
    let (request, record) = bench.record();
    bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    record.results[0].clone()
}

#[test]
fn a_records_own_success_does_not_charge_its_next_failure() {
    let mut bench = Bench::running();
    let bad = [linked("bad", &[Field::FirstName, Field::LastName])];
    let (call, _) = bench.deliver(&bad);
    bench.answer(call, server_fault());
    failure(&mut bench);
    let (call, _) = bench.deliver(&bad);
    let unnamed = CallErrorKind::Invalid {
        properties: std::collections::BTreeMap::new(),
    };
    bench.answer(call, problem(unnamed));
    let (call, _) = bench.call();
    bench.answer(
        call,
        Response::Contact(super::samples::contact("c-bad", "x@example.com")),
    );
    let (call, _) = bench.call();
    bench.answer(call, server_fault());
    assert!(!charged(&failure(&mut bench)));
}

#[test]
fn a_record_that_is_locked_again_and_again_is_charged_and_a_locked_batch_is_not() {
    let one = [linked("a", NAME)];
    let two = [linked("a", NAME), linked("b", NAME)];
    for (claims, is_charged) in [(&one[..], true), (&two[..], false)] {
        let mut bench = Bench::running();
        let (call, _) = bench.deliver_together(claims);
        bench.answer(call, problem(CallErrorKind::Locked));
        failure(&mut bench);
        succeed(&mut bench);
        bench.pass(ms(3_000));
        bench.give_all(claims);
        let calls: Vec<(CallId, Call)> = std::iter::from_fn(|| bench.any_call()).collect();
        for (call, _) in calls {
            bench.answer(call, problem(CallErrorKind::Locked));
        }
        assert_eq!(charged(&failure(&mut bench)), is_charged);
    }
}

#[test]
fn what_a_batch_wrote_is_unknown_if_its_answer_is_not_understood() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    bench.answer(call, problem(CallErrorKind::UnreadableBody));
    let (_, record) = bench.record();
    assert_eq!(record.results.len(), 2);
    for verdict in record.results {
        assert!(!verdict.written.is_empty() && !verdict.may_apply_late);
    }
}

#[test]
fn a_lookup_that_is_forbidden_does_not_mend_by_itself_and_one_that_met_a_fault_may() {
    for (kind, may_pass) in [
        (CallErrorKind::Forbidden, false),
        (CallErrorKind::ServerError { retry_after: None }, true),
        (CallErrorKind::NoResponse, true),
    ] {
        let mut bench = Bench::running();
        let (call, _) = bench.deliver(&[claim("a")]);
        bench.answer(call, problem(kind));
        let verdict = bench.verdict();
        assert_eq!(verdict.failure.expect("it failed").is_transient, may_pass);
        assert!(!verdict.may_apply_late, "it writes nothing");
    }
}

/// Delivers the same again and again; each write is answered so, and each verdict is no failure.
fn delivers_well(claims: &[Claim], result: impl Fn(UpdatedContact, usize) -> UpdatedContact) {
    let mut bench = Bench::running();
    let (mut call, mut update) = bench.deliver(claims);
    for lap in 0..6 {
        let results = inputs(&update).iter().map(|input| result(written(input), lap));
        let answer = Response::Updated {
            results: results.collect(),
            errors: Vec::new(),
        };
        bench.answer(call, answer);
        let (request, record) = bench.record();
        assert_eq!(record.results[0].failure, None, "lap {lap}");
        if record.claim.is_some() {
            bench.take_and_give(request, &record, NextAction::Now, claims.to_vec());
        } else {
            bench.take(request, &record, NextAction::Now);
            bench.give_all(claims);
        }
        (call, update) = bench.call();
    }
}

#[test]
fn verdicts_that_say_more_than_where_the_contact_is_never_run_in_circles() {
    delivers_well(&[linked("a", NAME)], |written, _| written);
    delivers_well(&[linked("a", NAME)], |written, lap| UpdatedContact {
        contact_id: format!("merged-{lap}"),
        ..written
    });
}
