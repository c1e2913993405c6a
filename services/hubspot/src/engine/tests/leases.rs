//! The lease: what is done with it, without it, and when it goes.

use std::time::Duration;

use contracts::{ErrorCode, Field, LeaseAnswer, NextAction, UsersClaimed, delivery::LeaseAction};

use super::bench::Bench;
use super::samples::{ACCOUNT, all_written, granted, id, inputs, linked, ms, problem};
use crate::engine::{Call, CallErrorKind, Input, Output, Response, UserServiceError, WorkerStatus};

const NAME: &[Field] = &[Field::FirstName];

#[test]
fn the_lease_is_asked_for_once_the_account_is_known() {
    let mut bench = Bench::starting(|_| {});
    assert_eq!(bench.engine.status(), WorkerStatus::Starting);
    assert_eq!(bench.lease_wish(), None);
    let (call, _) = bench.call();
    bench.answer(
        call,
        Response::Account {
            account_id: ACCOUNT.into(),
            details_refused: false,
        },
    );
    assert_eq!(bench.lease_wish(), Some(LeaseAction::Hold));
    assert_eq!(bench.engine.status(), WorkerStatus::Standby);
}

#[test]
fn rows_left_open_are_claimed_until_none_come_before_wake_ups_are() {
    let mut bench = Bench::starting(|_| {});
    let (call, _) = bench.call();
    bench.answer(
        call,
        Response::Account {
            account_id: ACCOUNT.into(),
            details_refused: false,
        },
    );
    assert_eq!(bench.lease_wish(), Some(LeaseAction::Hold));
    bench.put(Input::LeaseResponse(Ok(granted(5))));
    assert!(bench.put_out(&Output::OpenConsumer { epoch: 5 }));
    bench.wake("woken");
    let (request, asked) = bench.claim();
    assert!(asked.users.is_empty() && asked.limit > 1 && asked.epoch == 5);
    let given = UsersClaimed {
        claims: vec![linked("left", NAME)],
        more_left_open: true,
        ..UsersClaimed::default()
    };
    bench.put(Input::ClaimResponse(request, Ok(given)));
    let (request, asked) = bench.claim();
    assert!(asked.users.is_empty());
    bench.give(request, Vec::new());
    assert_eq!(bench.claim().1.users, [id("woken")]);
    let (call, update) = bench.call();
    assert_eq!(inputs(&update)[0].contact_id, "c-left");
    bench.answer(call, all_written(&update));
    bench.verdict();
    assert!(
        bench.acks().is_empty(),
        "a row that was left open has no wake-up here"
    );
}

#[test]
fn nothing_is_sent_on_a_lease_that_was_not_renewed_in_time() {
    let mut bench = Bench::running();
    bench.wake("a");
    let (request, _) = bench.claim();
    bench.now += ms(2_000);
    bench.give(request, vec![linked("a", NAME)]);
    assert!(bench.any_call().is_none());
    assert_eq!(bench.lease_wish(), Some(LeaseAction::Hold));
    bench.put(Input::LeaseResponse(Ok(granted(1))));
    assert!(bench.any_call().is_some());
}

#[test]
fn a_lost_lease_drops_everything_but_what_was_sent() {
    let losses = [
        |bench: &mut Bench| {
            bench.now += ms(1_000);
            bench.put(Input::Tick);
            bench.put(Input::LeaseResponse(Ok(LeaseAnswer::Held { left_ms: 3_000 })));
        },
        |bench: &mut Bench| {
            bench.wake("x");
            let (request, _) = bench.claim();
            bench.put(Input::ClaimResponse(
                request,
                Err(UserServiceError::Rejected(ErrorCode::StaleEpoch)),
            ));
        },
    ];
    for lose in losses {
        let mut bench = Bench::with(|settings| settings.concurrency = 1);
        let (call, update) = bench.deliver(&[linked("sent", NAME)]);
        bench.wake("claimed");
        bench.give_all(&[linked("claimed", NAME)]);
        lose(&mut bench);
        assert!(bench.put_out(&Output::CloseConsumer));
        assert_eq!(bench.engine.status(), WorkerStatus::Standby);
        assert!(bench.any_record().is_none());
        bench.answer(call, all_written(&update));
        let verdict = bench.verdict();
        assert_eq!(
            verdict.user_id,
            id("sent"),
            "a verdict is accepted from any epoch"
        );
        assert!(bench.acks().is_empty() && bench.any_call().is_none() && bench.any_record().is_none());
    }
}

#[test]
fn under_a_new_epoch_a_contact_waits_for_the_write_that_is_still_out() {
    let mut bench = Bench::running();
    let (old, update) = bench.deliver(&[linked("a", NAME)]);
    bench.pass(ms(1_000));
    bench.now += ms(1_000);
    bench.put(Input::Tick);
    bench.grant(2);
    bench.wake("a");
    bench.give_all(&[linked("a", NAME)]);
    assert!(
        bench.any_call().is_none(),
        "one write of a contact at a time, whatever the epoch"
    );
    bench.answer(old, all_written(&update));
    assert!(bench.any_call().is_some());
}

#[test]
fn links_of_another_account_stop_the_worker_which_keeps_asking_gently() {
    let mut bench = Bench::running();
    bench.now += ms(1_000);
    bench.put(Input::Tick);
    assert!(bench.lease_wish().is_some());
    let answer = LeaseAnswer::OtherAccount {
        remembered: "7".into(),
    };
    bench.put(Input::LeaseResponse(Ok(answer)));
    let state = WorkerStatus::OtherAccount {
        remembered: "7".into(),
    };
    assert_eq!(bench.engine.status(), state);
    assert!(bench.put_out(&Output::Status(state)));
    bench.now += ms(9_999);
    bench.put(Input::Tick);
    assert_eq!(bench.lease_wish(), None);
    bench.now += ms(1);
    bench.put(Input::Tick);
    assert_eq!(bench.lease_wish(), Some(LeaseAction::Hold));
}

#[test]
fn a_worker_that_hears_nothing_of_hubspot_leaves_the_lease_to_one_that_asks() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, problem(CallErrorKind::NoResponse));
    bench.verdict();
    bench.pass(Duration::from_secs(30));
    assert!(bench.lease_wish().is_none(), "nobody else asks");
    let answer = |may_step_aside| LeaseAnswer::Granted {
        epoch: 1,
        ttl_ms: 3_000,
        attempt_term_ms: 60_000,
        may_yield: may_step_aside,
        paused: false,
    };
    for (may, wish) in [(true, LeaseAction::Hold), (false, LeaseAction::Yield)] {
        bench.now += ms(1_000);
        bench.put(Input::Tick);
        assert_eq!(bench.lease_wish(), Some(wish));
        bench.put(Input::LeaseResponse(Ok(answer(may))));
    }
}

#[test]
fn a_shutdown_finishes_what_is_out_reports_it_and_gives_back_the_lease() {
    let mut bench = Bench::with(|settings| settings.concurrency = 1);
    let (call, update) = bench.deliver(&[linked("sent", NAME)]);
    bench.wake("claimed");
    bench.give_all(&[linked("claimed", NAME)]);
    bench.wake("waiting");
    bench.put(Input::ShutDown);
    let (request, record) = bench.record();
    assert_eq!(record.results[0].user_id, id("claimed"));
    assert!(record.claim.is_none());
    bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    assert!(bench.lease_wish().is_none() && !bench.put_out(&Output::ShutDownComplete));
    bench.answer(call, all_written(&update));
    bench.verdict();
    assert_eq!(bench.acks(), ["sent"]);
    assert_eq!(bench.lease_wish(), Some(LeaseAction::Release));
    bench.put(Input::LeaseResponse(Ok(LeaseAnswer::Released)));
    assert!(bench.put_out(&Output::ShutDownComplete));
}

#[test]
fn while_delivery_is_paused_the_lease_is_kept_and_nothing_is_claimed_or_sent() {
    let mut bench = Bench::with(|settings| settings.concurrency = 1);
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    bench.wake("b");
    bench.give_all(&[linked("b", NAME)]);
    bench.paused = true;
    bench.pass(ms(1_000));
    assert_eq!(bench.engine.status(), WorkerStatus::Paused);
    let (request, record) = bench.record();
    let failure = record.results[0].failure.as_ref().expect("given back");
    assert_eq!(
        (failure.reason.code.as_str(), failure.is_counted),
        ("PAUSED", false)
    );
    bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    bench.answer(call, all_written(&update));
    assert!(bench.verdict().failure.is_none(), "what was out is recorded");
    bench.wake("c");
    // The account is asked for all the same: that writes nothing.
    bench.put(Input::TokenReplaced);
    let (call, account) = bench.call();
    assert_eq!(account, Call::Account);
    let account_id = ACCOUNT.to_owned();
    bench.answer(
        call,
        Response::Account {
            account_id,
            details_refused: false,
        },
    );
    bench.pass(Duration::from_mins(10));
    assert!(bench.any_claim().is_none() && bench.any_call().is_none());
    bench.paused = false;
    bench.pass(ms(1_000));
    assert_eq!(bench.engine.status(), WorkerStatus::Running);
    assert_eq!(bench.claim().1.users.len(), 2);
}

#[test]
fn a_worker_without_the_lease_does_not_go_on_saying_that_hubspot_failed() {
    let mut bench = Bench::with(|settings| settings.concurrency = 2);
    for user in ["a", "b"] {
        let (call, _) = bench.deliver(&[linked(user, NAME)]);
        bench.answer(call, problem(CallErrorKind::ServerError { retry_after: None }));
    }
    assert!(matches!(bench.engine.status(), WorkerStatus::Halted { .. }));
    bench.now += ms(1_000);
    bench.put(Input::Tick);
    bench.put(Input::LeaseResponse(Ok(LeaseAnswer::Held { left_ms: 1_000 })));
    assert_eq!(bench.engine.status(), WorkerStatus::Standby);
    bench.now += ms(1_000);
    bench.put(Input::Tick);
    bench.put(Input::LeaseResponse(Ok(granted(2))));
    assert!(
        matches!(bench.engine.status(), WorkerStatus::Halted { .. }),
        "it has a probe to make before it sends as before"
    );
}
