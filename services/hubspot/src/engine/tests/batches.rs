//! Batches: how they fill, how they split, and who goes first.

use std::{collections::BTreeSet, time::Duration};

use contracts::{Claim, Field, NextAction, Priority};

use super::bench::Bench;
use super::samples::{all_written, id, inputs, linked, ms, problem, server_fault, written};
use crate::engine::{
    Call, CallErrorKind, CallResponse, Input, MAX_BATCH, RateLimit, RateLimitHeaders, Response,
};

const NAME: &[Field] = &[Field::FirstName];

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
    let mut bench = Bench::running();
    let mut claims = many(149);
    let mut twin = linked("twin", NAME);
    twin.link.as_mut().expect("linked").contact_id = "c-u000".into();
    claims.insert(1, twin);
    let (first, batch) = bench.deliver_together(&claims);
    assert_eq!(inputs(&batch).len(), MAX_BATCH);
    let traces: BTreeSet<_> = inputs(&batch).iter().map(|input| &input.trace_id).collect();
    assert_eq!(traces.len(), MAX_BATCH);
    assert_eq!(
        contacts(&batch).into_iter().collect::<BTreeSet<_>>().len(),
        MAX_BATCH
    );
    let (_, rest) = bench.call();
    assert!(
        !contacts(&rest).contains(&"c-u000".to_owned()),
        "one write of a contact at a time"
    );
    bench.answer(first, all_written(&batch));
    assert_eq!(
        contacts(&bench.call().1),
        ["c-u000"],
        "the twin goes when the first is back"
    );
}

#[test]
fn while_slots_are_busy_a_batch_fills_and_it_leaves_when_a_slot_is_free() {
    let mut bench = Bench::with(|settings| settings.concurrency = 1);
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    for user in ["b", "c", "d"] {
        bench.wake(user);
        bench.give_all(&[linked(user, NAME)]);
    }
    assert!(bench.any_call().is_none());
    bench.answer(call, all_written(&update));
    assert_eq!(contacts(&bench.call().1), ["c-b", "c-c", "c-d"]);
}

#[test]
fn live_changes_leave_before_backfill_which_fills_what_room_is_left() {
    let mut bench = Bench::running();
    let mut claims = many(100);
    for claim in &mut claims {
        claim.priority = Priority::Backfill;
    }
    claims.push(linked("live", NAME));
    let (_, batch) = bench.deliver_together(&claims);
    assert_eq!(contacts(&batch)[0], "c-live");
    assert_eq!(inputs(&batch).len(), MAX_BATCH);
}

#[test]
fn results_are_matched_by_trace_id_or_id_never_by_position() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver_together(&many(3));
    let [first, second, third] = inputs(&update) else {
        panic!("three inputs")
    };
    let mut by_id = written(first);
    by_id.trace_id = None;
    let results = vec![written(third), by_id];
    bench.answer(
        call,
        Response::Updated {
            results,
            errors: Vec::new(),
        },
    );
    let (_, record) = bench.record();
    let confirmed: Vec<_> = record
        .results
        .iter()
        .map(|verdict| verdict.user_id.clone())
        .collect();
    assert_eq!(confirmed, [id("u000"), id("u002")]);
    assert_eq!(
        bench.call().1,
        Call::Read {
            contact_id: second.contact_id.clone()
        }
    );
}

/// Answers calls until none is out: whole batches with the guilty contact fail with `kind`.
fn answer_all(bench: &mut Bench, guilty: &str, kind: &CallErrorKind) -> usize {
    let mut calls = 0;
    loop {
        let Some((call, update)) = bench.any_call() else {
            if bench.engine.dispatch.waiting() == 0 {
                return calls;
            }
            // The pace lets the next one wait a little.
            bench.pass(ms(200));
            continue;
        };
        calls += 1;
        if contacts(&update).iter().any(|contact| contact == guilty) {
            bench.answer(call, problem(kind.clone()));
        } else {
            bench.answer(call, all_written(&update));
        }
    }
}

#[test]
fn a_refused_batch_is_split_until_the_guilty_record_stands_alone() {
    for kind in [
        CallErrorKind::ServerError { retry_after: None },
        CallErrorKind::Forbidden,
        CallErrorKind::UnexpectedStatus,
    ] {
        let mut bench = Bench::with(|settings| settings.concurrency = 1);
        let (call, _) = bench.deliver_together(&many(100));
        bench.answer(call, problem(kind.clone()));
        let calls = answer_all(&mut bench, "c-u042", &kind);
        assert!((7..=16).contains(&calls), "{calls} calls");
        let mut verdicts = Vec::new();
        while let Some((request, record)) = bench.any_record() {
            verdicts.extend(record.results.clone());
            bench.take(request, &record, NextAction::Clean);
        }
        assert_eq!(verdicts.len(), 100);
        let failed: Vec<_> = verdicts
            .iter()
            .filter(|verdict| verdict.failure.is_some())
            .collect();
        assert_eq!(failed.len(), 1, "one bad record, and 99 good ones");
        assert_eq!(failed[0].user_id, id("u042"));
        let doubtful = verdicts.iter().filter(|verdict| verdict.may_apply_late).count();
        let server_fault = matches!(kind, CallErrorKind::ServerError { .. });
        assert_eq!(doubtful, if server_fault { 100 } else { 0 });
    }
}

#[test]
fn a_batch_that_is_not_answered_is_claimed_again_in_halves() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver_together(&many(8));
    bench.answer(call, problem(CallErrorKind::NoResponse));
    let (request, record) = bench.record();
    assert!(record.results.iter().all(|verdict| {
        let failure = verdict.failure.as_ref().expect("it failed");
        verdict.may_apply_late && !verdict.written.is_empty() && !failure.is_counted && failure.is_transient
    }));
    bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    bench.pass(ms(1_000));
    for _ in 0..8 {
        bench.give_all(&many(8));
    }
    let sizes: Vec<_> = std::iter::from_fn(|| bench.any_call())
        .map(|(_, call)| call.size())
        .collect();
    assert!(sizes.iter().all(|size| *size <= 4), "{sizes:?}");
}

#[test]
fn a_failure_is_charged_only_after_another_records_write_succeeded_in_between() {
    let mut bench = Bench::running();
    let mut charged = Vec::new();
    for good_between in [false, false, true, false, true] {
        if good_between {
            let (call, update) = bench.deliver(&[linked("good", NAME)]);
            bench.answer(call, all_written(&update));
            bench.verdict();
        }
        let (call, _) = bench.deliver(&[linked("bad", NAME)]);
        bench.answer(call, server_fault());
        let (request, record) = bench.record();
        charged.push(record.results[0].failure.as_ref().expect("it failed").is_counted);
        bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    }
    assert_eq!(charged, [false, false, true, false, true]);
}

#[test]
fn a_locked_record_is_left_alone_for_two_seconds() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, problem(CallErrorKind::Locked));
    let (request, record) = bench.record();
    assert!(!record.results[0].may_apply_late);
    bench.take(request, &record, NextAction::Later { in_ms: 500 });
    bench.pass(ms(1_999));
    assert!(bench.any_claim().is_none());
    bench.pass(ms(1));
    assert_eq!(bench.claim().1.users, [id("a")]);
}

#[test]
fn a_429_pauses_the_calls_and_is_charged_to_nobody() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    let limited = CallErrorKind::RateLimited {
        limit: RateLimit::Window,
        retry_after: Some(Duration::from_secs(4)),
    };
    bench.answer(call, problem(limited));
    let verdict = bench.verdict();
    assert!(!verdict.failure.expect("not sent").is_counted);
    assert!(verdict.written.is_empty() && !verdict.may_apply_late);
    bench.wake("b");
    assert!(
        bench.any_claim().is_none(),
        "nothing is claimed that cannot be sent soon"
    );
    bench.pass(ms(4_000));
    bench.give_all(&[linked("b", NAME)]);
    assert_eq!(contacts(&bench.call().1), ["c-b"]);
}

#[test]
fn the_first_call_is_alone_until_its_answer_has_shown_the_limits() {
    let mut bench = Bench::starting(|_| {});
    let (call, account) = bench.call();
    assert_eq!(account, Call::Account);
    bench.pass(Duration::from_secs(1));
    assert!(bench.any_call().is_none());
    let limits = RateLimitHeaders {
        max: Some(100),
        remaining: Some(99),
        ..RateLimitHeaders::default()
    };
    let answer = Response::Account {
        account_id: super::samples::ACCOUNT.into(),
        details_refused: false,
    };
    bench.put(Input::CallResponse(
        call,
        CallResponse {
            response: answer,
            rate_limits: limits,
            last_response: None,
        },
    ));
    bench.grant(1);
    for user in ["a", "b"] {
        assert_eq!(bench.deliver(&[linked(user, NAME)]).1.size(), 1);
    }
}

#[test]
fn no_more_is_claimed_than_can_be_sent_soon() {
    let mut bench = Bench::with(|settings| settings.concurrency = 1);
    let (_, _) = bench.deliver(&[linked("a", NAME)]);
    let claims = many(300);
    for claim in &claims {
        bench.wake(claim.user_id.as_str());
    }
    for _ in 0..300 {
        bench.give_all(&claims);
    }
    assert_eq!(bench.engine.dispatch.waiting(), MAX_BATCH);
}
