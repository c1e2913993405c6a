//! The calls of the account's day.

use std::time::Duration;

use contracts::{Claim, Field};

use super::halts::halt_cause;
use super::harness::TestWorker;
use super::samples::{all_written, inputs, linked, ms};
use crate::engine::{CallResponse, HaltCause, Input, RateLimitHeaders};

const NAME: &[Field] = &[Field::FIRST_NAME];

#[test]
fn a_used_up_day_halts_before_hubspot_rejects_a_call() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    let limits = RateLimitHeaders {
        daily: Some(250_000),
        daily_remaining: Some(0),
        ..RateLimitHeaders::default()
    };
    worker.put(Input::CallResponse(
        call,
        CallResponse {
            response: all_written(&update),
            rate_limits: limits,
            last_response: None,
        },
    ));
    assert_eq!(halt_cause(&worker), Some(HaltCause::DailyQuota));
    assert!(worker.result().failure.is_none(), "the call itself was answered");
}

#[test]
fn recovery_checks_keep_the_daily_limit_of_the_settings() {
    // One call was for the account.
    let mut worker = TestWorker::with(|settings| settings.quota.calls_per_day = Some(4));
    for user in ["x", "y", "z"] {
        assert_eq!(halt_cause(&worker), None);
        let (call, update) = worker.deliver(&[linked(user, NAME)]);
        worker.respond(call, all_written(&update));
        assert!(worker.result().failure.is_none());
        // The calls of a day that has this few are this far apart.
        worker.pass(ms(10_000));
    }
    assert_eq!(halt_cause(&worker), Some(HaltCause::DailyQuota));
    worker.wake("b");
    worker.pass(Duration::from_hours(23));
    assert!(worker.any_claim().is_none() && worker.any_call().is_none());
    worker.pass(Duration::from_hours(1));
    let (request, _) = worker.claim();
    worker.give(request, vec![linked("b", NAME)]);
    let (call, update) = worker.call();
    worker.respond(call, all_written(&update));
    assert_eq!(halt_cause(&worker), None);
}

#[test]
fn when_the_day_runs_short_a_call_waits_to_be_shared() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    let limits = RateLimitHeaders {
        daily: Some(90_000),
        daily_remaining: Some(43_300),
        ..RateLimitHeaders::default()
    };
    worker.put(Input::CallResponse(
        call,
        CallResponse {
            response: all_written(&update),
            rate_limits: limits,
            last_response: None,
        },
    ));
    let claims: Vec<Claim> = (0..100).map(|user| linked(&format!("u{user}"), NAME)).collect();
    let (last, others) = claims.split_last().expect("a batch");
    for claim in others {
        worker.wake(claim.user_id.as_str());
    }
    worker.give_all(&claims);
    assert!(
        worker.any_call().is_none(),
        "calls are a little less than two seconds apart"
    );
    worker.wake(last.user_id.as_str());
    worker.give_all(&claims);
    let (_, full) = worker.call();
    assert_eq!(inputs(&full).len(), 100);
    worker.wake("b");
    worker.pass(ms(1_500));
    worker.give_all(&[linked("b", NAME)]);
    assert!(worker.any_call().is_none(), "so far from the full one, too");
    worker.pass(ms(500));
    assert_eq!(inputs(&worker.call().1).len(), 1);
}
