//! Faults of the account stop the line; nobody is charged, and it resumes alone.

use std::time::Duration;

use contracts::{Field, NextAction};

use super::bench::Bench;
use super::samples::{ACCOUNT, all_written, id, linked, ms, problem, reason, server_fault};
use crate::engine::{Call, CallErrorKind, HaltCause, Input, Output, RateLimit, Response, WorkerStatus};

const NAME: &[Field] = &[Field::FirstName];

pub(super) fn fault(bench: &Bench) -> Option<HaltCause> {
    match bench.engine.status() {
        WorkerStatus::Halted { cause: fault, .. } => Some(fault),
        _ => None,
    }
}

/// Two users are out when the first is answered so; both are reported uncharged.
fn stopped_by(kind: CallErrorKind) -> Bench {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, problem(kind));
    let (request, record) = bench.record();
    let failure = record.results[0].failure.as_ref().expect("not carried out");
    assert!(!failure.is_counted && failure.is_transient);
    assert!(record.results[0].written.is_empty() && !record.results[0].may_apply_late);
    bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    bench
}

#[test]
fn each_fault_of_the_account_stops_the_line_and_a_single_probe_resumes_it() {
    let cases = [
        (CallErrorKind::MissingScopes, HaltCause::MissingScopes, 10),
        (CallErrorKind::NoSuchPath, HaltCause::NoSuchPath, 10),
        (
            CallErrorKind::AccountMoving {
                retry_after: Some(Duration::from_secs(90)),
            },
            HaltCause::AccountMoving,
            90,
        ),
        (
            CallErrorKind::RateLimited {
                limit: RateLimit::Day,
                retry_after: None,
            },
            HaltCause::DailyQuota,
            300,
        ),
    ];
    for (kind, expected, seconds) in cases {
        let mut bench = stopped_by(kind);
        assert_eq!(fault(&bench), Some(expected));
        bench.wake("b");
        bench.wake("c");
        bench.pass(ms(seconds * 1_000 - 1));
        assert!(
            bench.any_claim().is_none() && bench.any_call().is_none(),
            "{expected:?}"
        );
        bench.pass(ms(1));
        let (request, asked) = bench.claim();
        assert_eq!(asked.users.len(), 1, "the probe is alone");
        bench.give(request, vec![linked(asked.users[0].as_str(), NAME)]);
        assert!(bench.any_claim().is_none());
        let (call, probe) = bench.call();
        bench.answer(call, all_written(&probe));
        assert_eq!(fault(&bench), None);
        let (_, record) = bench.record();
        let next = record.claim.expect("the others follow in the same message");
        assert!(!next.users.is_empty());
    }
}

#[test]
fn a_token_that_is_not_accepted_is_probed_by_the_account_and_at_once_when_it_is_replaced() {
    let mut bench = stopped_by(CallErrorKind::Unauthorized);
    bench.pass(Duration::from_secs(5));
    let (call, probe) = bench.call();
    assert_eq!(probe, Call::Account);
    bench.answer(call, problem(CallErrorKind::Unauthorized));
    bench.pass(Duration::from_secs(9));
    assert!(bench.any_call().is_none(), "the wait doubles");
    bench.put(Input::TokenReplaced);
    let (call, probe) = bench.call();
    assert_eq!(probe, Call::Account);
    bench.answer(
        call,
        Response::Account {
            account_id: ACCOUNT.into(),
            details_refused: false,
        },
    );
    assert_eq!(fault(&bench), None);
    assert_eq!(bench.claim().1.users, [id("a")]);
}

#[test]
fn a_connection_that_cannot_be_made_is_probed_and_nothing_counts_as_sent() {
    let mut bench = stopped_by(CallErrorKind::Unreachable);
    assert_eq!(fault(&bench), Some(HaltCause::Unreachable));
    for wait in [1, 2, 4, 8, 16, 30, 30] {
        bench.pass(ms(wait * 1_000 - 1));
        assert!(bench.any_call().is_none());
        bench.pass(ms(1));
        let (call, probe) = bench.call();
        assert_eq!(probe, Call::Account);
        bench.answer(call, problem(CallErrorKind::Unreachable));
    }
}

#[test]
fn calls_that_fail_for_different_records_stop_the_line_and_one_record_alone_does_not() {
    let mut bench = Bench::running();
    for user in ["a", "a"] {
        let (call, _) = bench.deliver(&[linked(user, NAME)]);
        bench.answer(call, server_fault());
        bench.verdict();
        assert_eq!(fault(&bench), None);
    }
    let (call, _) = bench.deliver(&[linked("b", NAME)]);
    bench.answer(call, server_fault());
    let failure = bench.verdict().failure.expect("it failed");
    assert!(!failure.is_counted);
    assert_eq!(fault(&bench), Some(HaltCause::Outage));
}

#[test]
fn an_outage_goes_on_until_a_probe_succeeds_and_parks_nobody() {
    let mut bench = Bench::running();
    for user in ["a", "b"] {
        let (call, _) = bench.deliver(&[linked(user, NAME)]);
        bench.answer(call, server_fault());
        let (request, record) = bench.record();
        bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    }
    let mut probes = 0;
    for _ in 0..600 {
        bench.pass(Duration::from_secs(1));
        bench.give_all(&[linked("a", NAME), linked("b", NAME)]);
        while let Some((call, _)) = bench.any_call() {
            probes += 1;
            bench.answer(call, server_fault());
        }
        while let Some((request, record)) = bench.any_record() {
            assert!(record.results.iter().all(|verdict| {
                verdict
                    .failure
                    .as_ref()
                    .is_some_and(|failure| !failure.is_counted && failure.is_transient)
            }));
            bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
        }
    }
    // Two every half a minute, once the waits have grown: of a record that met the fault, then of another one.
    assert!(
        (38..=46).contains(&probes),
        "{probes} gentle probes in ten minutes"
    );
}

#[test]
fn what_is_claimed_when_the_line_stops_goes_back_uncharged() {
    let mut bench = Bench::with(|settings| settings.concurrency = 1);
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    bench.wake("b");
    bench.give_all(&[linked("b", NAME)]);
    bench.answer(call, problem(CallErrorKind::MissingScopes));
    let (_, record) = bench.record();
    assert_eq!(record.results.len(), 2);
    assert!(record.results.iter().all(|verdict| {
        verdict
            .failure
            .as_ref()
            .is_some_and(|failure| !failure.is_counted)
            && verdict.written.is_empty()
    }));
}

#[test]
fn calls_that_come_back_after_the_line_stopped_do_not_lengthen_the_wait() {
    let mut bench = Bench::running();
    let calls: Vec<_> = ["a", "b", "c"]
        .map(|user| bench.deliver(&[linked(user, NAME)]))
        .into();
    for (call, _) in calls {
        bench.answer(call, problem(CallErrorKind::MissingScopes));
    }
    bench.wake("d");
    bench.pass(Duration::from_secs(10));
    let probe = bench.any_claim().or_else(|| {
        let (request, record) = bench.record();
        record.claim.map(|claim| (request, claim))
    });
    assert!(probe.is_some(), "the first wait is ten seconds");
}

#[test]
fn the_line_says_why_it_stopped_once() {
    let mut bench = stopped_by(CallErrorKind::MissingScopes);
    let stopped = WorkerStatus::Halted {
        cause: HaltCause::MissingScopes,
        reason: reason("X"),
    };
    assert!(bench.put_out(&Output::Status(stopped.clone())));
    bench.put(Input::Tick);
    assert!(!bench.put_out(&Output::Status(stopped)));
}

#[test]
fn a_token_of_another_account_ends_the_lease_before_anything_is_sent_with_it() {
    let mut bench = Bench::running();
    bench.put(Input::TokenReplaced);
    let (call, account) = bench.call();
    assert_eq!(account, Call::Account);
    bench.wake("a");
    assert!(
        bench.any_claim().is_none(),
        "nothing is claimed before the account is known"
    );
    bench.answer(
        call,
        Response::Account {
            account_id: "another".into(),
            details_refused: false,
        },
    );
    assert!(bench.put_out(&Output::CloseConsumer));
    assert!(bench.any_claim().is_none());
}
