//! The usual way of a change: wake-up, claim, call, report, acknowledgement.

use contracts::{ErrorCode, Field, FieldResult, NextAction, Priority, UsersClaimed};

use super::harness::TestWorker;
use super::samples::{all_written, claim, id, inputs, linked, ms};
use crate::engine::{Call, Input, UserServiceError};

const NAME: &[Field] = &[Field::FIRST_NAME];

#[test]
fn one_change_costs_one_claim_one_call_and_one_report() {
    let mut worker = TestWorker::running();
    worker.wake("a");
    let (request, asked) = worker.claim();
    assert_eq!(asked.users, [id("a")]);
    worker.give(request, vec![linked("a", NAME)]);
    let (call, update) = worker.call();
    let input = &inputs(&update)[0];
    assert_eq!(input.contact_id, "c-a");
    assert_eq!(
        input.values,
        [(Field::FIRST_NAME, Some("firstName of a".into()))].into()
    );
    worker.respond(call, all_written(&update));
    let (request, report) = worker.report();
    let result = &report.results[0];
    assert_eq!(
        result.field_results.get(&Field::FIRST_NAME),
        Some(&FieldResult::CONFIRMED)
    );
    assert_eq!(result.written.iter().collect::<Vec<_>>(), NAME);
    assert!(!result.may_apply_late && result.confirmed_address.is_none() && result.failure.is_none());
    assert!(!result.may_have_created);
    assert!(
        worker.acks().is_empty(),
        "nothing is acknowledged before it is recorded"
    );
    worker.take(request, &report, NextAction::Clean);
    assert_eq!(worker.acks(), ["a"]);
    assert!(worker.any_claim().is_none() && worker.any_call().is_none());
}

#[test]
fn a_cleared_field_is_sent_and_a_sent_address_is_confirmed() {
    let mut worker = TestWorker::running();
    let mut cleared = linked("a", &[Field::EMAIL, Field::LAST_NAME]);
    cleared.values.insert(Field::LAST_NAME, None);
    let (call, update) = worker.deliver(&[cleared]);
    assert_eq!(inputs(&update)[0].values[&Field::LAST_NAME], None);
    worker.respond(call, all_written(&update));
    assert_eq!(
        worker.result().confirmed_address.as_deref(),
        Some("a@example.com")
    );
}

#[test]
fn a_clean_user_is_acknowledged_by_the_claim() {
    let mut worker = TestWorker::running();
    worker.wake("a");
    let (request, _) = worker.claim();
    let given = UsersClaimed {
        clean: vec![id("a")],
        ..UsersClaimed::default()
    };
    worker.put(Input::ClaimResponse(request, Ok(given)));
    assert_eq!(worker.acks(), ["a"]);
}

#[test]
fn a_wake_up_during_the_report_is_claimed_before_its_ack() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, all_written(&update));
    let (request, report) = worker.report();
    worker.wake_in("a", Priority::Live, "later");
    worker.take(request, &report, NextAction::Clean);
    assert!(worker.acks().is_empty());
    let (request, asked) = worker.claim();
    assert_eq!(asked.users, [id("a")]);
    let given = UsersClaimed {
        clean: vec![id("a")],
        ..UsersClaimed::default()
    };
    worker.put(Input::ClaimResponse(request, Ok(given)));
    assert_eq!(worker.acks(), ["later"]);
}

#[test]
fn a_wake_up_during_an_attempt_is_acknowledged_when_clean() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    worker.wake_in("a", Priority::Live, "second");
    assert!(worker.any_claim().is_none(), "one attempt of a user at a time");
    worker.respond(call, all_written(&update));
    worker.result();
    assert_eq!(worker.acks(), ["second"]);
}

#[test]
fn a_dirty_user_is_claimed_at_once_and_a_failed_one_when_due() {
    let mut worker = TestWorker::running();
    for (next, pause) in [(NextAction::Now, 0), (NextAction::Later { in_ms: 1_500 }, 1_500)] {
        let (call, update) = worker.deliver(&[linked("a", NAME)]);
        worker.respond(call, all_written(&update));
        let (request, report) = worker.report();
        worker.take(request, &report, next);
        if pause > 0 {
            worker.pass(ms(pause - 1));
            assert!(worker.any_claim().is_none());
            worker.pass(ms(1));
        }
        let (request, asked) = worker.claim();
        assert_eq!(asked.users, [id("a")]);
        worker.give(request, vec![linked("a", NAME)]);
        let (call, update) = worker.call();
        worker.respond(call, all_written(&update));
        worker.result();
    }
}

#[test]
fn an_attempt_unknown_to_this_worker_is_claimed_again_later() {
    let mut worker = TestWorker::running();
    worker.wake("a");
    let (request, _) = worker.claim();
    let given = UsersClaimed {
        in_progress: vec![id("a")],
        ..UsersClaimed::default()
    };
    worker.put(Input::ClaimResponse(request, Ok(given)));
    worker.pass(ms(4_999));
    assert!(worker.any_claim().is_none() && worker.acks().is_empty());
    worker.pass(ms(1));
    assert_eq!(worker.claim().1.users, [id("a")]);
}

#[test]
fn a_result_is_reported_until_it_is_taken() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, all_written(&update));
    let (request, first) = worker.report();
    worker.put(Input::ReportResponse(request, Err(UserServiceError::NoResponse)));
    assert!(worker.any_report().is_none(), "not at once");
    worker.pass(ms(250));
    let (request, second) = worker.report();
    assert_eq!(first.results, second.results);
    worker.put(Input::ReportResponse(
        request,
        Err(UserServiceError::Rejected(ErrorCode::Unavailable)),
    ));
    worker.pass(ms(500));
    assert_eq!(worker.result(), first.results[0]);
    assert_eq!(worker.acks(), ["a"]);
}

#[test]
fn an_unreadable_result_does_not_hold_up_the_others() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    worker.wake("b");
    worker.wake("c");
    worker.give_all(&[linked("b", NAME), linked("c", NAME)]);
    let others: Vec<_> = std::iter::from_fn(|| worker.any_call()).collect();
    let (early, report) = {
        worker.respond(call, all_written(&update));
        worker.report()
    };
    for (call, update) in others {
        worker.respond(call, all_written(&update));
    }
    worker.take(early, &report, NextAction::Clean);
    let mut settled = 1;
    for _ in 0..6 {
        let Some((request, report)) = worker.any_report() else {
            break;
        };
        if report.results.iter().any(|result| result.user_id == id("b")) {
            worker.put(Input::ReportResponse(
                request,
                Err(UserServiceError::Rejected(ErrorCode::InvalidRequest)),
            ));
        } else {
            settled += report.results.len();
            worker.take(request, &report, NextAction::Clean);
        }
    }
    assert_eq!(settled, 2, "a and c are recorded");
    assert!(
        worker.any_report().is_none(),
        "and b is left to the term of its claim"
    );
}

#[test]
fn a_claim_without_a_response_is_repeated() {
    let mut worker = TestWorker::running();
    worker.wake("a");
    let (request, _) = worker.claim();
    worker.put(Input::ClaimResponse(request, Err(UserServiceError::NoResponse)));
    assert!(worker.any_claim().is_none());
    worker.pass(ms(250));
    let (request, asked) = worker.claim();
    assert_eq!(asked.users, [id("a")]);
    worker.give(request, vec![claim("a")]);
    assert!(matches!(worker.call().1, Call::Find { .. }));
}

#[test]
fn an_expired_attempt_is_given_back_and_not_counted() {
    let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
    let (_, _) = worker.deliver(&[linked("a", NAME)]);
    worker.wake("b");
    worker.give_all(&[linked("b", NAME)]);
    worker.pass(ms(48_000));
    assert!(worker.any_report().is_none());
    worker.pass(ms(1));
    let result = worker.result();
    assert_eq!(result.user_id, id("b"));
    let failure = result.failure.expect("it was not sent");
    assert_eq!(
        (failure.reason.code.as_str(), failure.is_counted),
        ("NOT_SENT", false)
    );
    assert!(result.written.is_empty() && !result.may_apply_late);
}

#[test]
fn a_disconnect_drops_wake_ups_that_wait_and_acknowledges_none_of_them() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    worker.put(Input::WakeUpsDropped);
    worker.respond(call, all_written(&update));
    worker.result();
    assert!(worker.acks().is_empty());
}
