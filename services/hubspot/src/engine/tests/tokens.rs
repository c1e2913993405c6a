//! No access token, no calls: the line stops by its own fault, and goes on when there is one.

use std::time::Duration;

use contracts::{Field, LeaseAnswer, delivery::LeaseAction};

use super::bench::Bench;
use super::samples::{ACCOUNT, id, linked, problem};
use crate::engine::{Call, CallErrorKind, HaltCause, Input, Response, WorkerStatus};

const NAME: &[Field] = &[Field::FirstName];
const CASES: [(CallErrorKind, HaltCause); 3] = [
    (CallErrorKind::Disconnected, HaltCause::Disconnected),
    (CallErrorKind::Misconfigured, HaltCause::Misconfigured),
    (CallErrorKind::NoToken, HaltCause::NoToken),
];

fn fault(bench: &Bench) -> Option<HaltCause> {
    match bench.engine.status() {
        WorkerStatus::Halted { cause: fault, .. } => Some(fault),
        _ => None,
    }
}

/// A call could not be made.
fn stopped_by(kind: &CallErrorKind) -> Bench {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, problem(kind.clone()));
    let failure = bench.verdict().failure.expect("it was not made");
    assert!(!failure.is_counted && failure.is_transient);
    bench
}

#[test]
fn without_a_token_the_line_stops_until_there_is_one_and_the_account_is_known_again() {
    for (kind, expected) in CASES {
        let mut bench = stopped_by(&kind);
        assert_eq!(fault(&bench), Some(expected));
        bench.wake("b");
        assert!(bench.any_claim().is_none() && bench.any_call().is_none());
        bench.put(Input::TokenReplaced);
        let (call, probe) = bench.call();
        assert_eq!(probe, Call::Account);
        let answer = Response::Account {
            account_id: ACCOUNT.into(),
            details_refused: false,
        };
        bench.answer(call, answer);
        assert_eq!(fault(&bench), None);
        assert!(bench.claim().1.users.contains(&id("b")));
    }
}

#[test]
fn a_worker_without_a_token_leaves_the_lease_to_one_that_asks() {
    for (kind, _) in CASES {
        let mut bench = stopped_by(&kind);
        bench.pass(Duration::from_secs(30));
        let held = LeaseAnswer::Granted {
            epoch: 1,
            ttl_ms: 3_000,
            attempt_term_ms: 60_000,
            may_yield: true,
            paused: false,
        };
        for wish in [LeaseAction::Hold, LeaseAction::Yield] {
            bench.now += Duration::from_secs(1);
            bench.put(Input::Tick);
            assert_eq!(bench.lease_wish(), Some(wish), "{kind:?}");
            bench.put(Input::LeaseResponse(Ok(held.clone())));
        }
    }
}
