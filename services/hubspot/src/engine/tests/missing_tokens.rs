//! Without an access token delivery halts, and it resumes when there is one.

use std::time::Duration;

use contracts::{Field, LeaseAnswer, delivery::LeaseAction};

use super::harness::TestWorker;
use super::samples::{ACCOUNT, failed, id, linked};
use crate::engine::{Call, CallErrorKind, HaltCause, Input, Response, WorkerStatus};

const NAME: &[Field] = &[Field::FIRST_NAME];
const CASES: [(CallErrorKind, HaltCause); 3] = [
    (CallErrorKind::Disconnected, HaltCause::Disconnected),
    (CallErrorKind::Misconfigured, HaltCause::Misconfigured),
    (CallErrorKind::NoToken, HaltCause::NoToken),
];

fn halt_cause(worker: &TestWorker) -> Option<HaltCause> {
    match worker.engine.status() {
        WorkerStatus::Halted {
            cause: halt_cause, ..
        } => Some(halt_cause),
        _ => None,
    }
}

/// A call could not be made for want of a token.
fn halted_by(kind: &CallErrorKind) -> TestWorker {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(kind.clone()));
    let failure = worker.result().failure.expect("it was not made");
    assert!(!failure.is_counted && failure.is_transient);
    worker
}

#[test]
fn without_a_token_delivery_halts_until_there_is_one() {
    for (kind, expected) in CASES {
        let mut worker = halted_by(&kind);
        assert_eq!(halt_cause(&worker), Some(expected));
        worker.wake("b");
        assert!(worker.any_claim().is_none() && worker.any_call().is_none());
        worker.put(Input::TokenReplaced);
        let (call, check) = worker.call();
        assert_eq!(check, Call::Account);
        let response = Response::Account {
            account_id: ACCOUNT.into(),
            details_refused: false,
        };
        worker.respond(call, response);
        assert_eq!(halt_cause(&worker), None);
        assert!(worker.claim().1.users.contains(&id("b")));
    }
}

#[test]
fn a_worker_without_a_token_yields_the_lease() {
    for (kind, _) in CASES {
        let mut worker = halted_by(&kind);
        worker.pass(Duration::from_secs(30));
        let held = LeaseAnswer::Granted {
            epoch: 1,
            ttl_ms: 3_000,
            attempt_term_ms: 60_000,
            may_yield: true,
            paused: false,
        };
        for wish in [LeaseAction::Hold, LeaseAction::Yield] {
            worker.now += Duration::from_secs(1);
            worker.put(Input::Tick);
            assert_eq!(worker.lease_action(), Some(wish), "{kind:?}");
            worker.put(Input::LeaseResponse(Ok(held.clone())));
        }
    }
}
