//! How long the engine waits, and what `wait_until` covers.

use std::time::Duration;

use contracts::{Field, NextAction, ReportedUser, ResultsReported, UsersClaimed};

use super::harness::TestWorker;
use super::samples::{all_written, claim, contact, failed, id, linked, ms, server_error};
use crate::engine::{Call, CallErrorKind, Input, Response, UserServiceError};

const NAME: &[Field] = &[Field::FIRST_NAME];

#[test]
fn wait_until_covers_claims_and_reports_that_are_due() {
    let mut worker = TestWorker::running();
    worker.wake("a");
    let (request, _) = worker.claim();
    worker.put(Input::ClaimResponse(request, Err(UserServiceError::NoResponse)));
    assert_eq!(worker.engine.wait_until(), Some(worker.now + ms(250)));
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, all_written(&update));
    let (request, _) = worker.report();
    worker.put(Input::ReportResponse(request, Err(UserServiceError::NoResponse)));
    assert_eq!(worker.engine.wait_until(), Some(worker.now + ms(250)));
}

#[test]
fn wait_until_covers_attempts_that_expire() {
    let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
    let (_, _) = worker.deliver(&[linked("a", NAME)]);
    worker.wake("b");
    worker.give_all(&[linked("b", NAME)]);
    worker.pass(ms(47_999));
    assert_eq!(
        worker.engine.wait_until(),
        Some(worker.now + ms(1)),
        "the lease is asked for"
    );
    worker.pass(ms(1));
    assert_eq!(
        worker.engine.wait_until(),
        Some(worker.now + ms(1)),
        "it is given back"
    );
    worker.pass(ms(1));
    assert!(worker.any_report().is_some());
}

#[test]
fn a_failed_account_call_is_repeated_after_the_wait() {
    let mut worker = TestWorker::starting(|_| {});
    let (call, _) = worker.call();
    worker.respond(call, server_error());
    assert!(worker.any_call().is_none());
    worker.pass(ms(999));
    assert!(worker.any_call().is_none());
    worker.pass(ms(1));
    assert_eq!(worker.call().1, Call::Account);
}

#[test]
fn a_user_that_the_response_leaves_out_is_claimed_again_later() {
    let mut worker = TestWorker::running();
    worker.wake("a");
    let (request, _) = worker.claim();
    worker.give(request, Vec::new());
    worker.pass(ms(249));
    assert!(worker.any_claim().is_none());
    worker.pass(ms(1));
    assert_eq!(worker.claim().1.users, [id("a")]);
}

#[test]
fn an_outage_is_checked_no_sooner_than_hubspot_asks() {
    let mut worker = TestWorker::running();
    worker.passes_checks = false;
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, server_error());
    let (check, _) = worker.check();
    let retry_after = Some(Duration::from_secs(20));
    worker.respond(check, failed(CallErrorKind::ServerError { retry_after }));
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    worker.pass(ms(19_999));
    assert!(worker.any_check().is_none());
    worker.pass(ms(1));
    assert!(worker.any_check().is_some());
}

#[test]
fn two_reports_are_in_flight_and_the_third_waits() {
    let mut worker = TestWorker::running();
    let mut report = |user: &str| {
        let (call, update) = worker.deliver(&[linked(user, NAME)]);
        worker.respond(call, all_written(&update));
        worker.any_report()
    };
    let out: Vec<_> = ["a", "b", "c"].into_iter().filter_map(&mut report).collect();
    assert_eq!(out.len(), 2);
    worker.take(out[0].0, &out[0].1, NextAction::Clean);
    assert_eq!(worker.report().1.results[0].user_id, id("c"));
}

#[test]
fn a_user_claimed_again_takes_capacity() {
    let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
    let (lookup, _) = worker.deliver(&[claim("a")]);
    for number in 0..99 {
        let user = format!("u{number}");
        worker.wake(&user);
        worker.give_all(&[linked(&user, NAME)]);
    }
    worker.wake("w0");
    let (request, _) = worker.claim();
    worker.put(Input::ClaimResponse(request, Err(UserServiceError::NoResponse)));
    for user in ["w1", "w2", "w3"] {
        worker.wake(user);
    }
    assert!(worker.any_claim().is_none());
    worker.now += ms(250);
    let contacts = vec![contact("7", "a@example.com")];
    let errors = Vec::new();
    worker.respond(lookup, Response::Found { contacts, errors });
    let next = worker.report().1.claim.expect("it is claimed again");
    assert_eq!(
        (next.users, next.limit),
        (vec![id("a")], 1),
        "there is room for one"
    );
}

#[test]
fn a_clean_user_that_was_claimed_again_is_acknowledged() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[claim("a")]);
    let contacts = vec![contact("7", "a@example.com")];
    let errors = Vec::new();
    worker.respond(call, Response::Found { contacts, errors });
    let (request, _) = worker.report();
    let claims = UsersClaimed {
        clean: vec![id("a")],
        ..UsersClaimed::default()
    };
    let user = ReportedUser {
        user_id: id("a"),
        next: NextAction::Now,
    };
    worker.put(Input::ReportResponse(
        request,
        Ok(ResultsReported {
            users: vec![user],
            claims: Some(claims),
            claims_error: None,
        }),
    ));
    assert_eq!(worker.acks(), ["a"]);
    assert!(worker.any_claim().is_none());
}

#[test]
fn a_wake_up_past_the_stream_ends_the_pause_after_a_failure() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, server_error());
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Later { in_ms: 60_000 });
    worker.pass(ms(2_000));
    assert!(worker.any_claim().is_none());
    worker.wake_past_the_stream("a");
    let (request, asked) = worker.claim();
    assert_eq!(asked.users, [id("a")]);
    worker.give(request, vec![linked("a", NAME)]);
    let (call, update) = worker.call();
    worker.respond(call, all_written(&update));
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Clean);
    assert_eq!(worker.acks(), ["a"], "the stream's wake-up is acknowledged");
}
