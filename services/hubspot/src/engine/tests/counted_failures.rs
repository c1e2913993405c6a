//! Which failures count against a record, and what is reported about them.

use contracts::{AttemptResult, Claim, Field, NextAction};

use super::harness::TestWorker;
use super::samples::{all_written, claim, contact, error_of, failed, inputs, linked, ms, written};
use crate::engine::{
    Call, CallErrorKind, CallId, InputError, InspectedContacts, RateLimit, Response, WrittenContact,
};

const NAME: &[Field] = &[Field::FIRST_NAME];

fn counted(result: &AttemptResult) -> bool {
    result.failure.as_ref().expect("it failed").is_counted
}

/// Another record's write succeeds.
fn succeed(worker: &mut TestWorker) {
    let (call, update) = worker.deliver(&[linked("good", NAME)]);
    worker.respond(call, all_written(&update));
    worker.result();
}

/// Reports a failure; the user is claimed again in a second.
fn failure(worker: &mut TestWorker) -> AttemptResult {
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    report.results[0].clone()
}

#[test]
fn a_records_own_success_does_not_make_its_failure_count() {
    let mut worker = TestWorker::running();
    let bad = [linked("bad", &[Field::FIRST_NAME, Field::LAST_NAME])];
    let (call, _) = worker.deliver(&bad);
    worker.respond(call, failed(CallErrorKind::Locked));
    failure(&mut worker);
    worker.pass(ms(2_000));
    worker.give_all(&bad);
    let (call, _) = worker.call();
    let unnamed = CallErrorKind::Invalid {
        fields: std::collections::BTreeMap::new(),
    };
    worker.respond(call, failed(unnamed));
    let (call, update) = worker.call();
    worker.respond(call, all_written(&update));
    let (call, _) = worker.call();
    worker.respond(call, failed(CallErrorKind::Locked));
    assert!(!counted(&failure(&mut worker)));
}

#[test]
fn a_repeated_lock_counts_for_one_record_but_not_for_a_batch() {
    let one = [linked("a", NAME)];
    let two = [linked("a", NAME), linked("b", NAME)];
    for (claims, is_counted) in [(&one[..], true), (&two[..], false)] {
        let mut worker = TestWorker::running();
        let (call, _) = worker.deliver_together(claims);
        worker.respond(call, failed(CallErrorKind::Locked));
        failure(&mut worker);
        succeed(&mut worker);
        worker.pass(ms(3_000));
        worker.give_all(claims);
        let calls: Vec<(CallId, Call)> = std::iter::from_fn(|| worker.any_call()).collect();
        for (call, _) in calls {
            worker.respond(call, failed(CallErrorKind::Locked));
        }
        assert_eq!(counted(&failure(&mut worker)), is_counted);
    }
}

#[test]
fn an_unreadable_response_means_possibly_written() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    worker.respond(call, failed(CallErrorKind::UnreadableBody));
    let (_, report) = worker.report();
    assert_eq!(report.results.len(), 2);
    for result in report.results {
        assert!(!result.written.is_empty() && !result.may_apply_late);
    }
}

#[test]
fn a_forbidden_lookup_is_permanent_and_a_server_error_transient() {
    for (kind, is_transient) in [
        (CallErrorKind::Forbidden, false),
        (CallErrorKind::ServerError { retry_after: None }, true),
        (CallErrorKind::NoResponse, true),
    ] {
        let mut worker = TestWorker::running();
        let (call, _) = worker.deliver(&[claim("a")]);
        worker.respond(call, failed(kind));
        let result = worker.result();
        assert_eq!(result.failure.expect("it failed").is_transient, is_transient);
        assert!(!result.may_apply_late, "it writes nothing");
    }
}

/// Delivers the same user again and again; each write gets this result, and no attempt fails.
fn delivers_well(claims: &[Claim], result: impl Fn(WrittenContact, usize) -> WrittenContact) {
    let mut worker = TestWorker::running();
    let (mut call, mut update) = worker.deliver(claims);
    for lap in 0..6 {
        let results = inputs(&update).iter().map(|input| result(written(input), lap));
        let response = Response::Updated {
            results: results.collect(),
            errors: Vec::new(),
        };
        worker.respond(call, response);
        if let Some((call, Call::Read { contact_id })) = worker.any_call() {
            worker.respond(call, Response::Contact(contact(&contact_id, "a@example.com")));
            // So that the calls stay within the rate limit.
            worker.pass(ms(1_000));
        }
        let (request, report) = worker.report();
        assert_eq!(report.results[0].failure, None, "lap {lap}");
        if report.claim.is_some() {
            worker.take_and_give(request, &report, NextAction::Now, claims.to_vec());
        } else {
            worker.take(request, &report, NextAction::Now);
            worker.give_all(claims);
        }
        (call, update) = worker.call();
    }
}

#[test]
fn links_found_while_writing_never_count_as_a_chain() {
    delivers_well(&[linked("a", NAME)], |written, _| written);
    delivers_well(&[linked("a", NAME)], |written, lap| WrittenContact {
        contact_id: format!("merged-{lap}"),
        ..written
    });
}

#[test]
fn a_rate_limit_for_a_contact_that_is_read_back_counts_for_nobody() {
    let mut worker = TestWorker::running();
    let claims = [linked("a", NAME)];
    let (mut call, mut update) = worker.deliver(&claims);
    for round in 0..2 {
        let mut unverified = written(&inputs(&update)[0]);
        unverified.values.clear();
        let (results, errors) = (vec![unverified], Vec::new());
        worker.respond(call, Response::Updated { results, errors });
        worker.pass(ms(1_000));
        let (read_back, _) = worker.call();
        let limited = CallErrorKind::RateLimited {
            limit: RateLimit::Window,
            retry_after: None,
        };
        let error = InputError {
            ids: vec!["c-a".to_owned()],
            ..error_of(&inputs(&update)[0], limited)
        };
        let (contacts, errors) = (Vec::new(), vec![error]);
        worker.respond(
            read_back,
            Response::Inspected(InspectedContacts { contacts, errors }),
        );
        assert!(!counted(&failure(&mut worker)), "round {round}");
        // In between, a check of lookups succeeds.
        worker.pass(ms(3_000));
        worker.give_all(&claims);
        (call, update) = worker.call();
    }
}
