//! How long is waited, and for what the engine asks to be woken.

use std::time::Duration;

use contracts::{Field, NextAction, ReportedUser, ResultsReported, UsersClaimed};

use super::bench::Bench;
use super::samples::{all_written, claim, contact, id, linked, ms, problem, server_fault};
use crate::engine::{Call, CallErrorKind, Input, Response, UserServiceError};

const NAME: &[Field] = &[Field::FirstName];

#[test]
fn the_engine_asks_to_be_woken_when_a_claim_or_a_record_is_due_again() {
    let mut bench = Bench::running();
    bench.wake("a");
    let (request, _) = bench.claim();
    bench.put(Input::ClaimResponse(request, Err(UserServiceError::NoResponse)));
    assert_eq!(bench.engine.wait_until(), Some(bench.now + ms(250)));
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, all_written(&update));
    let (request, _) = bench.record();
    bench.put(Input::ReportResponse(request, Err(UserServiceError::NoResponse)));
    assert_eq!(bench.engine.wait_until(), Some(bench.now + ms(250)));
}

#[test]
fn the_engine_asks_to_be_woken_when_an_attempt_has_waited_too_long() {
    let mut bench = Bench::with(|settings| settings.concurrency = 1);
    let (_, _) = bench.deliver(&[linked("a", NAME)]);
    bench.wake("b");
    bench.give_all(&[linked("b", NAME)]);
    bench.pass(ms(47_999));
    assert_eq!(
        bench.engine.wait_until(),
        Some(bench.now + ms(1)),
        "the lease is asked for"
    );
    bench.pass(ms(1));
    assert_eq!(
        bench.engine.wait_until(),
        Some(bench.now + ms(1)),
        "it is given back"
    );
    bench.pass(ms(1));
    assert!(bench.any_record().is_some());
}

#[test]
fn an_account_that_cannot_be_asked_for_is_asked_for_again_when_the_wait_is_over() {
    let mut bench = Bench::starting(|_| {});
    let (call, _) = bench.call();
    bench.answer(call, server_fault());
    assert!(bench.any_call().is_none());
    bench.pass(ms(999));
    assert!(bench.any_call().is_none());
    bench.pass(ms(1));
    assert_eq!(bench.call().1, Call::Account);
}

#[test]
fn a_user_that_the_answer_leaves_out_is_asked_for_again_a_little_later() {
    let mut bench = Bench::running();
    bench.wake("a");
    let (request, _) = bench.claim();
    bench.give(request, Vec::new());
    bench.pass(ms(249));
    assert!(bench.any_claim().is_none());
    bench.pass(ms(1));
    assert_eq!(bench.claim().1.users, [id("a")]);
}

#[test]
fn an_outage_is_probed_no_sooner_than_hubspot_asks() {
    let mut bench = Bench::running();
    for user in ["a", "b"] {
        let (call, _) = bench.deliver(&[linked(user, NAME)]);
        let retry_after = Some(Duration::from_secs(20));
        bench.answer(call, problem(CallErrorKind::ServerError { retry_after }));
        let (request, record) = bench.record();
        bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    }
    bench.pass(ms(19_999));
    assert!(bench.any_claim().is_none());
    bench.pass(ms(1));
    assert!(bench.any_claim().is_some());
}

#[test]
fn two_messages_are_out_and_the_third_waits() {
    let mut bench = Bench::running();
    let mut report = |user: &str| {
        let (call, update) = bench.deliver(&[linked(user, NAME)]);
        bench.answer(call, all_written(&update));
        bench.any_record()
    };
    let out: Vec<_> = ["a", "b", "c"].into_iter().filter_map(&mut report).collect();
    assert_eq!(out.len(), 2);
    bench.take(out[0].0, &out[0].1, NextAction::Clean);
    assert_eq!(bench.record().1.results[0].user_id, id("c"));
}

#[test]
fn a_user_that_is_claimed_again_counts_among_what_there_is_room_for() {
    let mut bench = Bench::with(|settings| settings.concurrency = 1);
    let (lookup, _) = bench.deliver(&[claim("a")]);
    for number in 0..99 {
        let user = format!("u{number}");
        bench.wake(&user);
        bench.give_all(&[linked(&user, NAME)]);
    }
    bench.wake("w0");
    let (request, _) = bench.claim();
    bench.put(Input::ClaimResponse(request, Err(UserServiceError::NoResponse)));
    for user in ["w1", "w2", "w3"] {
        bench.wake(user);
    }
    assert!(bench.any_claim().is_none());
    bench.now += ms(250);
    let contacts = vec![contact("7", "a@example.com")];
    let errors = Vec::new();
    bench.answer(lookup, Response::Found { contacts, errors });
    let next = bench.record().1.claim.expect("it is claimed again");
    assert_eq!(
        (next.users, next.limit),
        (vec![id("a")], 1),
        "there is room for one"
    );
}

#[test]
fn a_user_that_is_claimed_again_in_vain_is_done() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver(&[claim("a")]);
    let contacts = vec![contact("7", "a@example.com")];
    let errors = Vec::new();
    bench.answer(call, Response::Found { contacts, errors });
    let (request, _) = bench.record();
    let claims = UsersClaimed {
        clean: vec![id("a")],
        ..UsersClaimed::default()
    };
    let user = ReportedUser {
        user_id: id("a"),
        next: NextAction::Now,
    };
    bench.put(Input::ReportResponse(
        request,
        Ok(ResultsReported {
            users: vec![user],
            claims: Some(claims),
            claims_error: None,
        }),
    ));
    assert_eq!(bench.acks(), ["a"]);
    assert!(bench.any_claim().is_none());
}
