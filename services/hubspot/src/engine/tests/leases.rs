//! The lease: deliveries with it, without it, and when it is lost.

use std::time::Duration;

use contracts::{ErrorCode, Field, LeaseAnswer, NextAction, TokenState, UsersClaimed, delivery::LeaseAction};

use super::harness::TestWorker;
use super::samples::{ACCOUNT, all_written, failed, granted, held, id, inputs, linked, ms};
use crate::engine::{Call, CallErrorKind, Input, Output, Response, UserServiceError, WorkerStatus};

const NAME: &[Field] = &[Field::FIRST_NAME];

#[test]
fn the_lease_is_requested_once_the_account_is_known() {
    let mut worker = TestWorker::starting(|_| {});
    assert_eq!(worker.engine.status(), WorkerStatus::Starting);
    assert_eq!(worker.lease_action(), None);
    let (call, _) = worker.call();
    worker.respond(
        call,
        Response::Account {
            account_id: ACCOUNT.into(),
            details_refused: false,
        },
    );
    assert_eq!(worker.lease_action(), Some(LeaseAction::Hold));
    assert_eq!(worker.engine.status(), WorkerStatus::Standby);
}

#[test]
fn after_a_new_token_only_the_holder_asks_for_the_lease_before_it_knows_the_account() {
    let mut worker = TestWorker::running();
    worker.put(Input::TokenReplaced);
    let (call, _) = worker.call();
    worker.respond(call, failed(CallErrorKind::NoResponse));
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    assert_eq!(
        worker.lease_action(),
        Some(LeaseAction::Hold),
        "it keeps its lease"
    );
    worker.put(Input::LeaseResponse(Ok(held(1_000))));
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    assert_eq!(worker.lease_action(), None);
    let (call, _) = worker.call();
    worker.respond(
        call,
        Response::Account {
            account_id: "other".to_owned(),
            details_refused: false,
        },
    );
    assert_eq!(worker.lease_action(), Some(LeaseAction::Hold));
}

#[test]
fn the_account_of_a_former_token_is_ignored() {
    let mut worker = TestWorker::running();
    worker.put(Input::TokenReplaced);
    let (of_former, _) = worker.call();
    worker.put(Input::TokenReplaced);
    let other = Response::Account {
        account_id: "other".to_owned(),
        details_refused: false,
    };
    worker.respond(of_former, other);
    assert_eq!(worker.engine.account_id(), Some(ACCOUNT));
    worker.wake("a");
    assert!(worker.any_claim().is_none(), "the account is not known yet");
    let (of_present, call) = worker.call();
    assert_eq!(call, Call::Account);
    worker.respond(of_present, account());
    assert!(worker.any_claim().is_some());
}

#[test]
fn a_refusal_of_the_former_token_is_not_one_of_the_present_token() {
    let mut worker = TestWorker::running();
    let (update, _) = worker.deliver(&[linked("a", NAME)]);
    worker.put(Input::TokenReplaced);
    worker.respond(update, failed(CallErrorKind::Unauthorized));
    assert_eq!(worker.call().1, Call::Account, "asked for without a pause");
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    assert_eq!(
        worker.lease_request(),
        Some((LeaseAction::Hold, TokenState::Unknown))
    );
}

#[test]
fn attempts_left_open_are_claimed_before_wake_ups() {
    let mut worker = TestWorker::starting(|_| {});
    let (call, _) = worker.call();
    worker.respond(
        call,
        Response::Account {
            account_id: ACCOUNT.into(),
            details_refused: false,
        },
    );
    assert_eq!(worker.lease_action(), Some(LeaseAction::Hold));
    worker.put(Input::LeaseResponse(Ok(granted(5))));
    assert!(worker.put_out(&Output::OpenConsumer { epoch: 5 }));
    worker.wake("woken");
    let (request, asked) = worker.claim();
    assert!(asked.users.is_empty() && asked.limit > 1 && asked.epoch == 5);
    let given = UsersClaimed {
        claims: vec![linked("left", NAME)],
        more_left_open: true,
        ..UsersClaimed::default()
    };
    worker.put(Input::ClaimResponse(request, Ok(given)));
    let (request, asked) = worker.claim();
    assert!(asked.users.is_empty());
    worker.give(request, Vec::new());
    assert_eq!(worker.claim().1.users, [id("woken")]);
    let (call, update) = worker.call();
    assert_eq!(inputs(&update)[0].contact_id, "c-left");
    worker.respond(call, all_written(&update));
    worker.result();
    assert!(
        worker.acks().is_empty(),
        "a row that was left open has no wake-up here"
    );
}

#[test]
fn nothing_is_sent_on_a_lease_that_was_not_renewed_in_time() {
    let mut worker = TestWorker::running();
    worker.wake("a");
    let (request, _) = worker.claim();
    worker.now += ms(2_000);
    worker.give(request, vec![linked("a", NAME)]);
    assert!(worker.any_call().is_none());
    assert_eq!(worker.lease_action(), Some(LeaseAction::Hold));
    worker.put(Input::LeaseResponse(Ok(granted(1))));
    assert!(worker.any_call().is_some());
}

#[test]
fn a_lost_lease_drops_everything_except_sent_calls() {
    let losses = [
        |worker: &mut TestWorker| {
            worker.now += ms(1_000);
            worker.put(Input::Tick);
            worker.put(Input::LeaseResponse(Ok(held(3_000))));
        },
        |worker: &mut TestWorker| {
            worker.wake("x");
            let (request, _) = worker.claim();
            worker.put(Input::ClaimResponse(
                request,
                Err(UserServiceError::Rejected(ErrorCode::StaleEpoch)),
            ));
        },
    ];
    for lose in losses {
        let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
        let (call, update) = worker.deliver(&[linked("sent", NAME)]);
        worker.wake("claimed");
        worker.give_all(&[linked("claimed", NAME)]);
        lose(&mut worker);
        assert!(worker.put_out(&Output::CloseConsumer));
        assert_eq!(worker.engine.status(), WorkerStatus::Standby);
        assert!(worker.any_report().is_none());
        worker.respond(call, all_written(&update));
        let result = worker.result();
        assert_eq!(result.user_id, id("sent"), "a result is accepted from any epoch");
        assert!(worker.acks().is_empty() && worker.any_call().is_none() && worker.any_report().is_none());
    }
}

#[test]
fn a_contact_waits_for_a_write_of_the_former_epoch() {
    let mut worker = TestWorker::running();
    let (old, update) = worker.deliver(&[linked("a", NAME)]);
    worker.pass(ms(1_000));
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    worker.grant(2);
    worker.wake("a");
    worker.give_all(&[linked("a", NAME)]);
    assert!(
        worker.any_call().is_none(),
        "one write of a contact at a time, whatever the epoch"
    );
    worker.respond(old, all_written(&update));
    assert!(worker.any_call().is_some());
}

#[test]
fn links_of_another_account_stop_the_worker() {
    let mut worker = TestWorker::running();
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    assert!(worker.lease_action().is_some());
    let response = LeaseAnswer::OtherAccount {
        remembered: "7".into(),
    };
    worker.put(Input::LeaseResponse(Ok(response)));
    let state = WorkerStatus::OtherAccount {
        remembered: "7".into(),
    };
    assert_eq!(worker.engine.status(), state);
    assert!(worker.put_out(&Output::Status(state)));
    worker.now += ms(9_999);
    worker.put(Input::Tick);
    assert_eq!(worker.lease_action(), None);
    worker.now += ms(1);
    worker.put(Input::Tick);
    assert_eq!(worker.lease_action(), Some(LeaseAction::Hold));
}

#[test]
fn a_worker_without_responses_yields_the_lease() {
    let mut worker = TestWorker::running();
    worker.passes_checks = false;
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(CallErrorKind::NoResponse));
    worker.pass(Duration::from_secs(30));
    assert!(worker.lease_action().is_none(), "no other worker asks");
    let granted = |may_yield| LeaseAnswer::Granted {
        epoch: 1,
        ttl_ms: 3_000,
        attempt_term_ms: 60_000,
        may_yield,
        paused: false,
    };
    for (may, wish) in [(true, LeaseAction::Hold), (false, LeaseAction::Yield)] {
        worker.now += ms(1_000);
        worker.put(Input::Tick);
        assert_eq!(worker.lease_action(), Some(wish));
        worker.put(Input::LeaseResponse(Ok(granted(may))));
    }
}

#[test]
fn a_shutdown_finishes_calls_reports_and_releases_the_lease() {
    let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
    let (call, update) = worker.deliver(&[linked("sent", NAME)]);
    worker.wake("claimed");
    worker.give_all(&[linked("claimed", NAME)]);
    worker.wake("waiting");
    worker.put(Input::ShutDown);
    let (request, report) = worker.report();
    assert_eq!(report.results[0].user_id, id("claimed"));
    assert!(report.claim.is_none());
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    assert!(worker.lease_action().is_none() && !worker.put_out(&Output::ShutDownComplete));
    worker.respond(call, all_written(&update));
    worker.result();
    assert_eq!(worker.acks(), ["sent"]);
    assert_eq!(worker.lease_action(), Some(LeaseAction::Release));
    worker.put(Input::LeaseResponse(Ok(LeaseAnswer::Released)));
    assert!(worker.put_out(&Output::ShutDownComplete));
}

#[test]
fn a_pause_keeps_the_lease_and_sends_nothing() {
    let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    worker.wake("b");
    worker.give_all(&[linked("b", NAME)]);
    worker.paused = true;
    worker.pass(ms(1_000));
    assert_eq!(worker.engine.status(), WorkerStatus::Paused);
    let (request, report) = worker.report();
    let failure = report.results[0].failure.as_ref().expect("given back");
    assert_eq!(
        (failure.reason.code.as_str(), failure.is_counted),
        ("PAUSED", false)
    );
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    worker.respond(call, all_written(&update));
    assert!(
        worker.result().failure.is_none(),
        "the call in flight is reported"
    );
    worker.wake("c");
    // The account is asked for even so, because that writes nothing.
    worker.put(Input::TokenReplaced);
    let (call, account) = worker.call();
    assert_eq!(account, Call::Account);
    let account_id = ACCOUNT.to_owned();
    worker.respond(
        call,
        Response::Account {
            account_id,
            details_refused: false,
        },
    );
    worker.pass(Duration::from_mins(10));
    assert!(worker.any_claim().is_none() && worker.any_call().is_none());
    worker.paused = false;
    worker.pass(ms(1_000));
    assert_eq!(worker.engine.status(), WorkerStatus::Running);
    assert_eq!(worker.claim().1.users.len(), 2);
}

#[test]
fn a_worker_without_the_lease_hides_its_last_halt() {
    let mut worker = TestWorker::with(|settings| settings.concurrency = 2);
    worker.passes_checks = false;
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(CallErrorKind::ServerError { retry_after: None }));
    let (check, _) = worker.check();
    worker.respond(check, failed(CallErrorKind::ServerError { retry_after: None }));
    assert!(matches!(worker.engine.status(), WorkerStatus::Halted { .. }));
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    worker.put(Input::LeaseResponse(Ok(held(1_000))));
    assert_eq!(worker.engine.status(), WorkerStatus::Standby);
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    worker.put(Input::LeaseResponse(Ok(granted(2))));
    assert!(
        matches!(worker.engine.status(), WorkerStatus::Halted { .. }),
        "it has a probe to make before it sends as before"
    );
}

fn account() -> Response {
    Response::Account {
        account_id: ACCOUNT.into(),
        details_refused: false,
    }
}

fn may_yield() -> LeaseAnswer {
    LeaseAnswer::Granted {
        epoch: 1,
        ttl_ms: 3_000,
        attempt_term_ms: 60_000,
        may_yield: true,
        paused: false,
    }
}

#[test]
fn a_worker_whose_token_is_refused_yields_to_one_whose_token_is_accepted() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(CallErrorKind::Unauthorized));
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    assert_eq!(
        worker.lease_request(),
        Some((LeaseAction::Hold, TokenState::Refused)),
        "nobody is known to wait"
    );
    worker.put(Input::LeaseResponse(Ok(may_yield())));
    worker.now += ms(1_000);
    worker.put(Input::Tick);
    assert_eq!(
        worker.lease_request(),
        Some((LeaseAction::Yield, TokenState::Refused))
    );
    worker.put(Input::LeaseResponse(Ok(LeaseAnswer::Released)));
    assert!(worker.put_out(&Output::CloseConsumer));
}

#[test]
fn a_worker_on_standby_tests_its_token_if_that_of_the_holder_is_refused() {
    let mut worker = TestWorker::starting(|_| {});
    let (call, _) = worker.call();
    worker.respond(call, account());
    for (holder_refused, wants_call) in [(false, false), (true, true)] {
        worker.lease_request();
        worker.now += Duration::from_mins(1);
        worker.put(Input::LeaseResponse(Ok(LeaseAnswer::Held {
            left_ms: 3_000,
            holder_refused,
        })));
        assert_eq!(worker.any_call().is_some(), wants_call);
        worker.now += Duration::from_secs(1);
        worker.put(Input::Tick);
    }
}

#[test]
fn what_is_known_about_the_token_is_said_for_half_a_minute() {
    let mut worker = TestWorker::starting(|_| {});
    let (call, _) = worker.call();
    worker.respond(call, account());
    for (seconds, expected) in [
        (0, TokenState::Accepted),
        (29, TokenState::Accepted),
        (2, TokenState::Unknown),
    ] {
        worker.now += Duration::from_secs(seconds);
        worker.put(Input::Tick);
        assert_eq!(worker.lease_request(), Some((LeaseAction::Hold, expected)));
        worker.put(Input::LeaseResponse(Ok(held(3_000))));
    }
}
