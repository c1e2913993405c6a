//! The usual way of a change: wake-up, claim, call, record, acknowledgement.

use contracts::{ErrorCode, Field, FieldResult, NextAction, Priority, UsersClaimed};

use super::bench::Bench;
use super::samples::{all_written, claim, id, inputs, linked, ms};
use crate::engine::{Call, Input, UserServiceError};

const NAME: &[Field] = &[Field::FirstName];

#[test]
fn a_lone_change_costs_one_claim_one_call_and_one_record() {
    let mut bench = Bench::running();
    bench.wake("a");
    let (request, asked) = bench.claim();
    assert_eq!(asked.users, [id("a")]);
    bench.give(request, vec![linked("a", NAME)]);
    let (call, update) = bench.call();
    let input = &inputs(&update)[0];
    assert_eq!(input.contact_id, "c-a");
    assert_eq!(
        input.properties.iter().collect::<Vec<_>>(),
        [(&"firstname", &"firstName of a".to_owned())]
    );
    bench.answer(call, all_written(&update));
    let (request, record) = bench.record();
    let verdict = &record.results[0];
    assert_eq!(
        verdict.field_results.get(&Field::FirstName),
        Some(&FieldResult::Confirmed)
    );
    assert_eq!(verdict.written.iter().collect::<Vec<_>>(), NAME);
    assert!(!verdict.may_apply_late && verdict.confirmed_address.is_none() && verdict.failure.is_none());
    assert!(!verdict.may_have_created);
    assert!(
        bench.acks().is_empty(),
        "nothing is acknowledged before it is recorded"
    );
    bench.take(request, &record, NextAction::Clean);
    assert_eq!(bench.acks(), ["a"]);
    assert!(bench.any_claim().is_none() && bench.any_call().is_none());
}

#[test]
fn a_cleared_field_is_sent_as_an_empty_text_and_a_sent_address_is_confirmed() {
    let mut bench = Bench::running();
    let mut cleared = linked("a", &[Field::Email, Field::LastName]);
    cleared.values.insert(Field::LastName, None);
    let (call, update) = bench.deliver(&[cleared]);
    assert_eq!(inputs(&update)[0].properties["lastname"], "");
    bench.answer(call, all_written(&update));
    assert_eq!(
        bench.verdict().confirmed_address.as_deref(),
        Some("a@example.com")
    );
}

#[test]
fn a_user_that_owes_nothing_is_acknowledged_by_the_claim() {
    let mut bench = Bench::running();
    bench.wake("a");
    let (request, _) = bench.claim();
    let given = UsersClaimed {
        clean: vec![id("a")],
        ..UsersClaimed::default()
    };
    bench.put(Input::ClaimResponse(request, Ok(given)));
    assert_eq!(bench.acks(), ["a"]);
}

#[test]
fn a_wake_up_during_the_record_is_claimed_once_more_before_it_is_acknowledged() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, all_written(&update));
    let (request, record) = bench.record();
    bench.wake_in("a", Priority::Live, "later");
    bench.take(request, &record, NextAction::Clean);
    assert!(bench.acks().is_empty());
    let (request, asked) = bench.claim();
    assert_eq!(asked.users, [id("a")]);
    let given = UsersClaimed {
        clean: vec![id("a")],
        ..UsersClaimed::default()
    };
    bench.put(Input::ClaimResponse(request, Ok(given)));
    assert_eq!(bench.acks(), ["later"]);
}

#[test]
fn a_wake_up_of_a_user_in_work_is_kept_and_acknowledged_when_it_is_settled() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    bench.wake_in("a", Priority::Live, "second");
    assert!(bench.any_claim().is_none(), "one attempt of a user at a time");
    bench.answer(call, all_written(&update));
    bench.verdict();
    assert_eq!(bench.acks(), ["second"]);
}

#[test]
fn a_user_that_owes_again_is_claimed_again_at_once_and_one_that_failed_when_it_is_due() {
    let mut bench = Bench::running();
    for (next, pause) in [(NextAction::Now, 0), (NextAction::Later { in_ms: 1_500 }, 1_500)] {
        let (call, update) = bench.deliver(&[linked("a", NAME)]);
        bench.answer(call, all_written(&update));
        let (request, record) = bench.record();
        bench.take(request, &record, next);
        if pause > 0 {
            bench.pass(ms(pause - 1));
            assert!(bench.any_claim().is_none());
            bench.pass(ms(1));
        }
        let (request, asked) = bench.claim();
        assert_eq!(asked.users, [id("a")]);
        bench.give(request, vec![linked("a", NAME)]);
        let (call, update) = bench.call();
        bench.answer(call, all_written(&update));
        bench.verdict();
    }
}

#[test]
fn a_user_in_work_unknown_to_this_worker_is_asked_for_again_after_a_few_seconds() {
    let mut bench = Bench::running();
    bench.wake("a");
    let (request, _) = bench.claim();
    let given = UsersClaimed {
        in_progress: vec![id("a")],
        ..UsersClaimed::default()
    };
    bench.put(Input::ClaimResponse(request, Ok(given)));
    bench.pass(ms(4_999));
    assert!(bench.any_claim().is_none() && bench.acks().is_empty());
    bench.pass(ms(1));
    assert_eq!(bench.claim().1.users, [id("a")]);
}

#[test]
fn a_verdict_is_repeated_until_it_is_answered() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, all_written(&update));
    let (request, first) = bench.record();
    bench.put(Input::ReportResponse(request, Err(UserServiceError::NoResponse)));
    assert!(bench.any_record().is_none(), "not at once");
    bench.pass(ms(250));
    let (request, second) = bench.record();
    assert_eq!(first.results, second.results);
    bench.put(Input::ReportResponse(
        request,
        Err(UserServiceError::Rejected(ErrorCode::Unavailable)),
    ));
    bench.pass(ms(500));
    assert_eq!(bench.verdict(), first.results[0]);
    assert_eq!(bench.acks(), ["a"]);
}

#[test]
fn a_verdict_that_is_not_understood_does_not_hold_up_the_others() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    bench.wake("b");
    bench.wake("c");
    bench.give_all(&[linked("b", NAME), linked("c", NAME)]);
    let others: Vec<_> = std::iter::from_fn(|| bench.any_call()).collect();
    let (early, record) = {
        bench.answer(call, all_written(&update));
        bench.record()
    };
    for (call, update) in others {
        bench.answer(call, all_written(&update));
    }
    bench.take(early, &record, NextAction::Clean);
    let mut settled = 1;
    for _ in 0..6 {
        let Some((request, record)) = bench.any_record() else {
            break;
        };
        if record.results.iter().any(|verdict| verdict.user_id == id("b")) {
            bench.put(Input::ReportResponse(
                request,
                Err(UserServiceError::Rejected(ErrorCode::InvalidRequest)),
            ));
        } else {
            settled += record.results.len();
            bench.take(request, &record, NextAction::Clean);
        }
    }
    assert_eq!(settled, 2, "a and c are recorded");
    assert!(
        bench.any_record().is_none(),
        "and b is left to the term of its claim"
    );
}

#[test]
fn a_claim_that_got_no_answer_is_made_again() {
    let mut bench = Bench::running();
    bench.wake("a");
    let (request, _) = bench.claim();
    bench.put(Input::ClaimResponse(request, Err(UserServiceError::NoResponse)));
    assert!(bench.any_claim().is_none());
    bench.pass(ms(250));
    let (request, asked) = bench.claim();
    assert_eq!(asked.users, [id("a")]);
    bench.give(request, vec![claim("a")]);
    assert!(matches!(bench.call().1, Call::Find { .. }));
}

#[test]
fn an_attempt_that_cannot_be_sent_in_time_is_given_back_uncharged() {
    let mut bench = Bench::with(|settings| settings.concurrency = 1);
    let (_, _) = bench.deliver(&[linked("a", NAME)]);
    bench.wake("b");
    bench.give_all(&[linked("b", NAME)]);
    bench.pass(ms(48_000));
    assert!(bench.any_record().is_none());
    bench.pass(ms(1));
    let verdict = bench.verdict();
    assert_eq!(verdict.user_id, id("b"));
    let failure = verdict.failure.expect("it was not sent");
    assert_eq!(
        (failure.reason.code.as_str(), failure.is_counted),
        ("NOT_SENT", false)
    );
    assert!(verdict.written.is_empty() && !verdict.may_apply_late);
}

#[test]
fn a_disconnect_drops_wake_ups_that_wait_and_acknowledges_none_of_them() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    bench.put(Input::WakeUpsDropped);
    bench.answer(call, all_written(&update));
    bench.verdict();
    assert!(bench.acks().is_empty());
}
