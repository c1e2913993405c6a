//! The calls of the account's day.

use std::time::Duration;

use contracts::{Claim, Field};

use super::accounts::fault;
use super::bench::Bench;
use super::samples::{all_written, inputs, linked, ms};
use crate::engine::{CallResponse, HaltCause, Input, RateLimitHeaders};

const NAME: &[Field] = &[Field::FirstName];

#[test]
fn a_day_without_a_call_left_stops_the_line_before_it_is_refused() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    let limits = RateLimitHeaders {
        daily: Some(250_000),
        daily_remaining: Some(0),
        ..RateLimitHeaders::default()
    };
    bench.put(Input::CallResponse(
        call,
        CallResponse {
            response: all_written(&update),
            rate_limits: limits,
            last_response: None,
        },
    ));
    assert_eq!(fault(&bench), Some(HaltCause::DailyQuota));
    assert!(bench.verdict().failure.is_none(), "the call itself was answered");
}

#[test]
fn a_days_limit_of_ones_own_is_kept_by_probes_too() {
    // One was for the account.
    let mut bench = Bench::with(|settings| settings.quota.calls_per_day = Some(4));
    for user in ["x", "y", "z"] {
        assert_eq!(fault(&bench), None);
        let (call, update) = bench.deliver(&[linked(user, NAME)]);
        bench.answer(call, all_written(&update));
        assert!(bench.verdict().failure.is_none());
        // So far apart are the calls of a day that has so few.
        bench.pass(ms(10_000));
    }
    assert_eq!(fault(&bench), Some(HaltCause::DailyQuota));
    bench.wake("b");
    bench.pass(Duration::from_hours(23));
    assert!(bench.any_claim().is_none() && bench.any_call().is_none());
    bench.pass(Duration::from_hours(1));
    let (request, _) = bench.claim();
    bench.give(request, vec![linked("b", NAME)]);
    let (call, update) = bench.call();
    bench.answer(call, all_written(&update));
    assert_eq!(fault(&bench), None);
}

#[test]
fn when_the_day_runs_short_a_call_waits_for_company_until_it_is_full() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver(&[linked("a", NAME)]);
    let limits = RateLimitHeaders {
        daily: Some(90_000),
        daily_remaining: Some(43_300),
        ..RateLimitHeaders::default()
    };
    bench.put(Input::CallResponse(
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
        bench.wake(claim.user_id.as_str());
    }
    bench.give_all(&claims);
    assert!(
        bench.any_call().is_none(),
        "calls are a little less than two seconds apart"
    );
    bench.wake(last.user_id.as_str());
    bench.give_all(&claims);
    let (_, full) = bench.call();
    assert_eq!(inputs(&full).len(), 100);
    bench.wake("b");
    bench.pass(ms(1_500));
    bench.give_all(&[linked("b", NAME)]);
    assert!(bench.any_call().is_none(), "so far from the full one, too");
    bench.pass(ms(500));
    assert_eq!(inputs(&bench.call().1).len(), 1);
}
