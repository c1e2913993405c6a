//! Responses that make no sense, or say less than they seem to.

use contracts::{Field, FieldResult, NextAction};

use super::harness::TestWorker;
use super::samples::{all_written, claim, contact, error_of, id, inputs, linked, reason, written};
use crate::engine::{Call, CallError, CallErrorKind, InputError, RateLimit, Response, WrittenContact};

const NAME: &[Field] = &[Field::FIRST_NAME];

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

#[test]
fn a_traced_result_does_not_count_for_another_input() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    let [a, b] = inputs(&update) else {
        panic!("both in one batch: {update:?}")
    };
    // The contact of `a` was merged into that of `b`, under whose id it is listed.
    let result = WrittenContact {
        contact_id: b.contact_id.clone(),
        ..written(a)
    };
    let response = Response::Updated {
        results: vec![result],
        errors: Vec::new(),
    };
    let unlisted = b.contact_id.clone();
    worker.respond(call, response);
    // The present contact of `a`, and whether that of `b` exists.
    let read = Call::Read { contact_id: unlisted };
    let calls = [worker.call(), worker.call()];
    for (_, call) in &calls {
        assert_eq!(*call, read);
    }
    for (call, _) in calls {
        worker.respond(call, Response::Contact(contact("c-b", "b@example.com")));
    }
    let result = worker.result();
    assert_eq!(result.user_id, id("a"));
    assert_eq!(result.link.map(|link| link.contact_id).as_deref(), Some("c-b"));
}

#[test]
fn an_input_listed_as_written_and_failed_is_not_confirmed() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    let input = &inputs(&update)[0];
    worker.respond(
        call,
        Response::Updated {
            results: vec![written(input)],
            errors: vec![error_of(input, CallErrorKind::Locked)],
        },
    );
    let result = worker.result();
    assert!(result.field_results.is_empty() && result.failure.is_some());
    assert_eq!(result.written.iter().collect::<Vec<_>>(), NAME);
}

#[test]
fn a_rate_limit_inside_a_success_pauses_the_calls() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    let limited = CallErrorKind::RateLimited {
        limit: RateLimit::Window,
        retry_after: None,
    };
    worker.respond(
        call,
        Response::Updated {
            results: Vec::new(),
            errors: vec![nameless(limited)],
        },
    );
    assert!(worker.any_call().is_none());
    let (_, report) = worker.report();
    assert_eq!(report.results.len(), 2);
    for result in report.results {
        assert!(result.failure.is_some_and(|failure| !failure.is_counted));
        assert_eq!(result.written.iter().collect::<Vec<_>>(), NAME);
    }
}

#[test]
fn an_unnamed_error_is_about_the_only_input() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    let kind = CallErrorKind::Invalid {
        fields: [(Field::FIRST_NAME, reason("BAD"))].into(),
    };
    worker.respond(
        call,
        Response::Updated {
            results: Vec::new(),
            errors: vec![nameless(kind)],
        },
    );
    assert!(matches!(
        worker.result().field_results[&Field::FIRST_NAME],
        FieldResult::Rejected { .. }
    ));
}

#[test]
fn a_rate_limited_lookup_counts_for_nobody() {
    let mut worker = TestWorker::running();
    let mut counted = Vec::new();
    for _ in 0..3 {
        let (call, update) = worker.deliver(&[linked("good", NAME)]);
        worker.respond(call, all_written(&update));
        worker.result();
        let (call, _) = worker.deliver(&[claim("a")]);
        let limited = CallErrorKind::RateLimited {
            limit: RateLimit::Window,
            retry_after: None,
        };
        let error = InputError {
            ids: vec!["a@example.com".into()],
            ..nameless(limited)
        };
        worker.respond(
            call,
            Response::Found {
                contacts: Vec::new(),
                errors: vec![error],
            },
        );
        let (request, report) = worker.report();
        counted.push(report.results[0].failure.as_ref().expect("it failed").is_counted);
        worker.take(request, &report, NextAction::Later { in_ms: 3_000 });
        // No call leaves before.
        worker.pass(super::samples::ms(1_000));
    }
    assert_eq!(counted, [false, false, false]);
}
