//! Batches: how they fill, how they split, and which records go first.

use std::{collections::BTreeSet, time::Duration};

use contracts::{Claim, Field, NextAction, Priority};

use super::harness::TestWorker;
use super::samples::{all_written, error_of, failed, id, inputs, linked, ms, written};
use crate::engine::{
    Call, CallErrorKind, CallResponse, Input, MAX_BATCH, RateLimit, RateLimitHeaders, Response,
};

const NAME: &[Field] = &[Field::FIRST_NAME];

fn many(count: usize) -> Vec<Claim> {
    (0..count)
        .map(|number| linked(&format!("u{number:03}"), NAME))
        .collect()
}

fn contacts(call: &Call) -> Vec<String> {
    inputs(call)
        .iter()
        .map(|input| input.contact_id.clone())
        .collect()
}

#[test]
fn a_batch_holds_at_most_a_hundred_distinct_contacts_each_with_its_own_trace_id() {
    let mut worker = TestWorker::running();
    let mut claims = many(149);
    let mut twin = linked("twin", NAME);
    twin.link.as_mut().expect("linked").contact_id = "c-u000".into();
    claims.insert(1, twin);
    let (first, batch) = worker.deliver_together(&claims);
    assert_eq!(inputs(&batch).len(), MAX_BATCH);
    let traces: BTreeSet<_> = inputs(&batch).iter().map(|input| &input.trace_id).collect();
    assert_eq!(traces.len(), MAX_BATCH);
    assert_eq!(
        contacts(&batch).into_iter().collect::<BTreeSet<_>>().len(),
        MAX_BATCH
    );
    let (_, rest) = worker.call();
    assert!(
        !contacts(&rest).contains(&"c-u000".to_owned()),
        "one write of a contact at a time"
    );
    worker.respond(first, all_written(&batch));
    assert_eq!(
        contacts(&worker.call().1),
        ["c-u000"],
        "the twin goes when the first is back"
    );
}

#[test]
fn while_slots_are_busy_a_batch_fills_and_it_leaves_when_a_slot_is_free() {
    let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    for user in ["b", "c", "d"] {
        worker.wake(user);
        worker.give_all(&[linked(user, NAME)]);
    }
    assert!(worker.any_call().is_none());
    worker.respond(call, all_written(&update));
    assert_eq!(contacts(&worker.call().1), ["c-b", "c-c", "c-d"]);
}

#[test]
fn live_changes_leave_first_and_backfill_fills_the_batch() {
    let mut worker = TestWorker::running();
    let mut claims = many(100);
    for claim in &mut claims {
        claim.priority = Priority::Backfill;
    }
    claims.push(linked("live", NAME));
    let (_, batch) = worker.deliver_together(&claims);
    assert_eq!(contacts(&batch)[0], "c-live");
    assert_eq!(inputs(&batch).len(), MAX_BATCH);
}

#[test]
fn results_are_matched_by_trace_id_or_id_never_by_position() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver_together(&many(3));
    let [first, second, third] = inputs(&update) else {
        panic!("three inputs")
    };
    let mut by_id = written(first);
    by_id.trace_id = None;
    let results = vec![written(third), by_id];
    worker.respond(
        call,
        Response::Updated {
            results,
            errors: Vec::new(),
        },
    );
    let (_, report) = worker.report();
    let confirmed: Vec<_> = report
        .results
        .iter()
        .map(|result| result.user_id.clone())
        .collect();
    assert_eq!(confirmed, [id("u000"), id("u002")]);
    assert_eq!(
        worker.call().1,
        Call::Read {
            contact_id: second.contact_id.clone()
        }
    );
}

/// Responds to calls until none is in flight: whole batches with the failing contact fail with `kind`.
fn respond_to_all(worker: &mut TestWorker, failing: &str, kind: &CallErrorKind) -> usize {
    let mut calls = 0;
    loop {
        let Some((call, update)) = worker.any_call() else {
            if worker.engine.dispatch.waiting() == 0 {
                return calls;
            }
            // The rate limiter makes the next call wait a little.
            worker.pass(ms(200));
            continue;
        };
        calls += 1;
        if contacts(&update).iter().any(|contact| contact == failing) {
            worker.respond(call, failed(kind.clone()));
        } else {
            worker.respond(call, all_written(&update));
        }
    }
}

#[test]
fn a_rejected_batch_is_split_until_the_failing_record_is_alone() {
    for kind in [
        CallErrorKind::ServerError { retry_after: None },
        CallErrorKind::Forbidden,
        CallErrorKind::UnexpectedStatus,
    ] {
        let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
        let (call, _) = worker.deliver_together(&many(100));
        worker.respond(call, failed(kind.clone()));
        let calls = respond_to_all(&mut worker, "c-u042", &kind);
        assert!((7..=16).contains(&calls), "{calls} calls");
        // The failure of the one that is alone waits for a check.
        worker.pass(ms(1_000));
        let mut results = Vec::new();
        while let Some((request, report)) = worker.any_report() {
            results.extend(report.results.clone());
            worker.take(request, &report, NextAction::Clean);
        }
        assert_eq!(results.len(), 100);
        let failed: Vec<_> = results.iter().filter(|result| result.failure.is_some()).collect();
        assert_eq!(failed.len(), 1, "one bad record, and 99 good ones");
        assert_eq!(failed[0].user_id, id("u042"));
        let doubtful = results.iter().filter(|result| result.may_apply_late).count();
        let server_error = matches!(kind, CallErrorKind::ServerError { .. });
        assert_eq!(doubtful, if server_error { 100 } else { 0 });
    }
}

#[test]
fn a_batch_without_a_response_is_claimed_again_in_halves() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver_together(&many(8));
    worker.respond(call, failed(CallErrorKind::NoResponse));
    let (request, report) = worker.report();
    assert!(report.results.iter().all(|result| {
        let failure = result.failure.as_ref().expect("it failed");
        result.may_apply_late && !result.written.is_empty() && !failure.is_counted && failure.is_transient
    }));
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    worker.pass(ms(1_000));
    for _ in 0..8 {
        worker.give_all(&many(8));
    }
    let sizes: Vec<_> = std::iter::from_fn(|| worker.any_call())
        .map(|(_, call)| call.size())
        .collect();
    assert!(sizes.iter().all(|size| *size <= 4), "{sizes:?}");
}

#[test]
fn a_failure_counts_only_after_another_record_succeeded() {
    let mut worker = TestWorker::running();
    let mut counted = Vec::new();
    for good_between in [false, false, true, false, true] {
        if good_between {
            let (call, update) = worker.deliver(&[linked("good", NAME)]);
            worker.respond(call, all_written(&update));
            worker.result();
        }
        let (call, _) = worker.deliver(&[linked("bad", NAME)]);
        worker.respond(call, failed(CallErrorKind::Locked));
        let (request, report) = worker.report();
        counted.push(report.results[0].failure.as_ref().expect("it failed").is_counted);
        worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
        worker.pass(ms(2_000));
        worker.give_all(&[]);
    }
    assert_eq!(counted, [false, false, true, false, true]);
}

#[test]
fn a_locked_record_is_left_alone_for_two_seconds() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(CallErrorKind::Locked));
    let (request, report) = worker.report();
    assert!(!report.results[0].may_apply_late);
    worker.take(request, &report, NextAction::Later { in_ms: 500 });
    worker.pass(ms(1_999));
    assert!(worker.any_claim().is_none());
    worker.pass(ms(1));
    assert_eq!(worker.claim().1.users, [id("a")]);
}

#[test]
fn a_429_pauses_the_calls_and_counts_for_nobody() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    let limited = CallErrorKind::RateLimited {
        limit: RateLimit::Window,
        retry_after: Some(Duration::from_secs(4)),
    };
    worker.respond(call, failed(limited));
    let result = worker.result();
    assert!(!result.failure.expect("not sent").is_counted);
    assert!(result.written.is_empty() && !result.may_apply_late);
    worker.wake("b");
    assert!(
        worker.any_claim().is_none(),
        "nothing is claimed that cannot be sent soon"
    );
    worker.pass(ms(4_000));
    worker.give_all(&[linked("b", NAME)]);
    assert_eq!(contacts(&worker.call().1), ["c-b"]);
}

#[test]
fn a_rate_limit_for_one_input_pauses_the_calls() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    let [a, b] = inputs(&update) else {
        panic!("two inputs")
    };
    let limited = CallErrorKind::RateLimited {
        limit: RateLimit::Window,
        retry_after: Some(Duration::from_secs(4)),
    };
    let response = Response::Updated {
        results: vec![written(a)],
        errors: vec![error_of(b, limited)],
    };
    worker.respond(call, response);
    let (_, report) = worker.report();
    let failures: Vec<_> = report.results.iter().map(|result| &result.failure).collect();
    assert!(matches!(failures[..], [None, Some(failure)] if !failure.is_counted));
    worker.wake("c");
    assert!(worker.any_claim().is_none(), "no call may leave soon");
    worker.pass(ms(4_000));
    assert_eq!(worker.claim().1.users, [id("c")]);
}

#[test]
fn one_call_is_in_flight_until_the_limits_are_known() {
    let mut worker = TestWorker::starting(|_| {});
    let (call, account) = worker.call();
    assert_eq!(account, Call::Account);
    worker.pass(Duration::from_secs(1));
    assert!(worker.any_call().is_none());
    let limits = RateLimitHeaders {
        max: Some(100),
        remaining: Some(99),
        ..RateLimitHeaders::default()
    };
    let response = Response::Account {
        account_id: super::samples::ACCOUNT.into(),
        details_refused: false,
    };
    worker.put(Input::CallResponse(
        call,
        CallResponse {
            response,
            rate_limits: limits,
            last_response: None,
        },
    ));
    worker.grant(1);
    for user in ["a", "b"] {
        assert_eq!(worker.deliver(&[linked(user, NAME)]).1.size(), 1);
    }
}

#[test]
fn no_more_is_claimed_than_can_be_sent_soon() {
    let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
    let (_, _) = worker.deliver(&[linked("a", NAME)]);
    let claims = many(300);
    for claim in &claims {
        worker.wake(claim.user_id.as_str());
    }
    for _ in 0..300 {
        worker.give_all(&claims);
    }
    assert_eq!(worker.engine.dispatch.waiting(), MAX_BATCH);
}
