//! Errors of the account halt delivery; they count for no record, and delivery resumes by itself.

use std::time::Duration;

use contracts::{Field, NextAction};

use super::harness::TestWorker;
use super::samples::{ACCOUNT, all_written, failed, id, linked, ms, reason};
use crate::engine::{Call, CallErrorKind, HaltCause, Input, Output, RateLimit, Response, WorkerStatus};

const NAME: &[Field] = &[Field::FIRST_NAME];

pub(super) fn halt_cause(worker: &TestWorker) -> Option<HaltCause> {
    match worker.engine.status() {
        WorkerStatus::Halted {
            cause: halt_cause, ..
        } => Some(halt_cause),
        _ => None,
    }
}

/// Two users are in flight when the first gets this response; neither failure counts.
fn halted_by(kind: CallErrorKind) -> TestWorker {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(kind));
    let (request, report) = worker.report();
    let failure = report.results[0].failure.as_ref().expect("not carried out");
    assert!(!failure.is_counted && failure.is_transient);
    assert!(report.results[0].written.is_empty() && !report.results[0].may_apply_late);
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    worker
}

#[test]
fn each_certain_account_error_halts_and_one_passed_check_resumes() {
    let cases = [
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
        let mut worker = halted_by(kind);
        assert_eq!(halt_cause(&worker), Some(expected));
        worker.wake("b");
        worker.wake("c");
        worker.pass(ms(seconds * 1_000 - 1));
        assert!(
            worker.any_claim().is_none() && worker.any_call().is_none(),
            "{expected:?}"
        );
        worker.pass(ms(1));
        let (request, asked) = worker.claim();
        assert_eq!(asked.users.len(), 1, "the check is alone");
        worker.give(request, vec![linked(asked.users[0].as_str(), NAME)]);
        assert!(worker.any_claim().is_none());
        let (call, check) = worker.call();
        worker.respond(call, all_written(&check));
        assert_eq!(halt_cause(&worker), None);
        let (_, report) = worker.report();
        let next = report.claim.expect("the others follow in the same message");
        assert!(!next.users.is_empty());
    }
}

#[test]
fn a_rejected_token_is_checked_at_once_when_it_is_replaced() {
    let mut worker = halted_by(CallErrorKind::Unauthorized);
    worker.pass(Duration::from_secs(5));
    let (call, check) = worker.call();
    assert_eq!(check, Call::Account);
    worker.respond(call, failed(CallErrorKind::Unauthorized));
    worker.pass(Duration::from_secs(9));
    assert!(worker.any_call().is_none(), "the wait doubles");
    worker.put(Input::TokenReplaced);
    let (call, check) = worker.call();
    assert_eq!(check, Call::Account);
    worker.respond(
        call,
        Response::Account {
            account_id: ACCOUNT.into(),
            details_refused: false,
        },
    );
    assert_eq!(halt_cause(&worker), None);
    assert_eq!(worker.claim().1.users, [id("a")]);
}

#[test]
fn a_failed_connection_halts_and_nothing_counts_as_sent() {
    let mut worker = halted_by(CallErrorKind::Unreachable);
    assert_eq!(halt_cause(&worker), Some(HaltCause::Unreachable));
    for wait in [1, 2, 4, 8, 16, 30, 30] {
        worker.pass(ms(wait * 1_000 - 1));
        assert!(worker.any_call().is_none());
        worker.pass(ms(1));
        let (call, check) = worker.call();
        assert_eq!(check, Call::Account);
        worker.respond(call, failed(CallErrorKind::Unreachable));
    }
}

#[test]
fn attempts_given_back_by_a_halt_are_not_counted() {
    let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.wake("b");
    worker.give_all(&[linked("b", NAME)]);
    worker.respond(call, failed(CallErrorKind::Unauthorized));
    let (_, report) = worker.report();
    assert_eq!(report.results.len(), 2);
    assert!(report.results.iter().all(|result| {
        result.failure.as_ref().is_some_and(|failure| !failure.is_counted) && result.written.is_empty()
    }));
}

#[test]
fn responses_after_the_halt_do_not_lengthen_the_wait() {
    let mut worker = TestWorker::running();
    let calls: Vec<_> = ["a", "b", "c"]
        .map(|user| worker.deliver(&[linked(user, NAME)]))
        .into();
    for (call, _) in calls {
        worker.respond(call, failed(CallErrorKind::Unauthorized));
    }
    worker.pass(Duration::from_secs(5));
    assert_eq!(worker.call().1, Call::Account, "the first wait is five seconds");
}

#[test]
fn the_cause_of_a_halt_is_shown_once() {
    let mut worker = halted_by(CallErrorKind::Unauthorized);
    let halted = WorkerStatus::Halted {
        cause: HaltCause::Unauthorized,
        reason: reason("X"),
    };
    assert!(worker.put_out(&Output::Status(halted.clone())));
    worker.put(Input::Tick);
    assert!(!worker.put_out(&Output::Status(halted)));
}

#[test]
fn a_token_of_another_account_ends_the_lease_before_a_call() {
    let mut worker = TestWorker::running();
    worker.put(Input::TokenReplaced);
    let (call, account) = worker.call();
    assert_eq!(account, Call::Account);
    worker.wake("a");
    assert!(
        worker.any_claim().is_none(),
        "nothing is claimed before the account is known"
    );
    worker.respond(
        call,
        Response::Account {
            account_id: "another".into(),
            details_refused: false,
        },
    );
    assert!(worker.put_out(&Output::CloseConsumer));
    assert!(worker.any_claim().is_none());
}
