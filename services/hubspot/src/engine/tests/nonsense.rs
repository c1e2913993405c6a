//! Answers that make no sense, or less than they seem to: nothing is borrowed, nothing goes round in circles.

use contracts::{Field, FieldResult, NextAction};

use super::bench::Bench;
use super::samples::{all_written, claim, error_of, id, inputs, linked, ms, problem, reason, written};
use crate::engine::{
    Call, CallError, CallErrorKind, HaltCause, InputError, RateLimit, Response, UpdatedContact, WorkerStatus,
};

const NAME: &[Field] = &[Field::FirstName];

fn nameless(kind: CallErrorKind) -> InputError {
    InputError {
        ids: Vec::new(),
        trace_ids: Vec::new(),
        error: CallError {
            kind,
            reason: reason("X"),
        },
    }
}

fn fault(bench: &Bench) -> Option<HaltCause> {
    match bench.engine.status() {
        WorkerStatus::Halted { cause: fault, .. } => Some(fault),
        _ => None,
    }
}

#[test]
fn a_result_that_names_another_input_is_not_borrowed_for_the_contact_it_was_merged_into() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    let [a, b] = inputs(&update) else {
        panic!("both in one batch: {update:?}")
    };
    // The contact of `a` was merged into that of `b`, under whose id it is listed.
    let result = UpdatedContact {
        contact_id: b.contact_id.clone(),
        trace_id: Some(a.trace_id.clone()),
    };
    let answer = Response::Updated {
        results: vec![result],
        errors: Vec::new(),
    };
    let unlisted = b.contact_id.clone();
    bench.answer(call, answer);
    assert_eq!(bench.verdict().user_id, id("a"));
    assert_eq!(bench.call().1, Call::Read { contact_id: unlisted });
}

#[test]
fn an_input_that_is_listed_as_written_and_as_refused_is_not_confirmed() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    let input = &inputs(&update)[0];
    bench.answer(
        call,
        Response::Updated {
            results: vec![written(input)],
            errors: vec![error_of(input, CallErrorKind::Locked)],
        },
    );
    let verdict = bench.verdict();
    assert!(verdict.field_results.is_empty() && verdict.failure.is_some());
    assert_eq!(verdict.written.iter().collect::<Vec<_>>(), NAME);
}

#[test]
fn a_success_that_lists_nothing_but_a_limit_paces_the_calls_instead_of_asking_for_each() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    let limited = CallErrorKind::RateLimited {
        limit: RateLimit::Window,
        retry_after: None,
    };
    bench.answer(
        call,
        Response::Updated {
            results: Vec::new(),
            errors: vec![nameless(limited)],
        },
    );
    assert!(bench.any_call().is_none());
    let (_, record) = bench.record();
    assert_eq!(record.results.len(), 2);
    for verdict in record.results {
        assert!(verdict.failure.is_some_and(|failure| !failure.is_counted));
        assert_eq!(verdict.written.iter().collect::<Vec<_>>(), NAME);
    }
}

#[test]
fn an_error_that_names_nobody_is_about_the_only_input_there_is() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    let kind = CallErrorKind::Invalid {
        properties: [("firstname".to_owned(), reason("BAD"))].into(),
    };
    bench.answer(
        call,
        Response::Updated {
            results: Vec::new(),
            errors: vec![nameless(kind)],
        },
    );
    assert!(matches!(
        bench.verdict().field_results[&Field::FirstName],
        FieldResult::Rejected { .. }
    ));
}

#[test]
fn a_lookup_that_met_a_limit_is_charged_to_nobody() {
    let mut bench = Bench::running();
    let mut charged = Vec::new();
    for _ in 0..3 {
        let (call, update) = bench.deliver(&[linked("good", NAME)]);
        bench.answer(call, all_written(&update));
        bench.verdict();
        let (call, _) = bench.deliver(&[claim("a")]);
        let limited = CallErrorKind::RateLimited {
            limit: RateLimit::Window,
            retry_after: None,
        };
        let error = InputError {
            ids: vec!["a@example.com".into()],
            ..nameless(limited)
        };
        bench.answer(
            call,
            Response::Found {
                contacts: Vec::new(),
                errors: vec![error],
            },
        );
        let (request, record) = bench.record();
        charged.push(record.results[0].failure.as_ref().expect("it failed").is_counted);
        bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    }
    assert_eq!(charged, [false, false, false]);
}

#[test]
fn a_refusal_of_everything_stops_the_line() {
    for kind in [CallErrorKind::UnexpectedStatus, CallErrorKind::Forbidden] {
        let mut bench = Bench::running();
        for user in ["a", "b"] {
            assert_eq!(fault(&bench), None);
            let (call, _) = bench.deliver(&[linked(user, NAME)]);
            bench.answer(call, problem(kind.clone()));
            let verdict = bench.verdict();
            assert!(verdict.written.is_empty() && !verdict.may_apply_late);
        }
        assert_eq!(fault(&bench), Some(HaltCause::Outage));
        bench.wake("c");
        bench.pass(ms(1_000));
        bench.give_all(&[linked("c", NAME)]);
        let (probe, _) = bench.call();
        bench.answer(probe, problem(kind));
        assert_eq!(
            fault(&bench),
            Some(HaltCause::Outage),
            "the probe was refused as well"
        );
    }
}
