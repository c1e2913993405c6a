//! The calls of the account's day.

use super::*;

fn three_a_day() -> QuotaSettings {
    QuotaSettings {
        calls_per_day: Some(3),
        ..QuotaSettings::default()
    }
}

#[test]
fn the_day_ends_early_and_leaves_the_reserve() {
    let quota = QuotaSettings {
        day_reserve_percent: 10,
        ..QuotaSettings::default()
    };
    let mut limiter = with_limit(190, quota);
    let left = |remaining| RateLimitHeaders {
        daily: Some(1_000),
        daily_remaining: Some(remaining),
        ..RateLimitHeaders::default()
    };
    limiter.record_response(seconds(1), seconds(1), &left(104), 2);
    assert!(limiter.has_day_left(seconds(1)));
    limiter.record_call(seconds(1));
    limiter.record_call(seconds(1));
    assert!(
        !limiter.has_day_left(seconds(1)),
        "100 are reserved and two were out"
    );
    limiter.record_response(seconds(2), seconds(2), &left(900), 0);
    assert!(limiter.has_day_left(seconds(2)), "a new day");
}

#[test]
fn the_limit_of_the_settings_holds_for_any_24_hours() {
    let mut limiter = with_limit(190, three_a_day());
    let hour = seconds(3_600);
    for at in [hour, hour * 2, hour * 2] {
        assert!(limiter.has_day_left(at));
        limiter.record_call(at);
    }
    assert!(!limiter.has_day_left(hour * 24));
    assert_eq!(limiter.day_frees_at(hour * 24), Some(hour * 25));
    assert!(limiter.has_day_left(hour * 25));
    assert_eq!(limiter.day_frees_at(hour * 25), None);
    limiter.record_call(hour * 25);
    assert!(!limiter.has_day_left(hour * 25), "one of three was free");
}

#[test]
fn the_first_hour_counts_like_any_other() {
    let mut limiter = with_limit(190, three_a_day());
    for _ in 0..3 {
        limiter.record_call(seconds(1));
    }
    assert!(!limiter.has_day_left(seconds(1)));
}

#[test]
fn calls_above_the_limit_are_free_again_when_they_are_a_day_old() {
    let mut limiter = with_limit(190, three_a_day());
    let hour = seconds(3_600);
    for at in [hour, hour * 2, hour * 2, hour * 2] {
        limiter.record_call(at);
    }
    assert_eq!(limiter.day_frees_at(hour * 25), Some(hour * 26));
}

#[test]
fn a_days_rest_is_forgotten_after_a_day_without_headers() {
    let mut limiter = RateLimiter::new(QuotaSettings::default());
    let limits = RateLimitHeaders {
        daily: Some(1_000),
        daily_remaining: Some(1),
        ..RateLimitHeaders::default()
    };
    limiter.record_response(seconds(10), seconds(10), &limits, 0);
    limiter.record_call(seconds(11));
    assert!(!limiter.has_day_left(seconds(11)));
    limiter.record_response(seconds(12), seconds(11), &RateLimitHeaders::default(), 0);
    assert!(!limiter.has_day_left(seconds(86_400)));
    assert!(limiter.has_day_left(seconds(86_411)));
}

#[test]
fn the_second_half_of_the_day_is_spread_over_24_hours() {
    let mut limiter = RateLimiter::new(QuotaSettings::default());
    let learn = |limiter: &mut RateLimiter, remaining| {
        let limits = RateLimitHeaders {
            daily: Some(86_400),
            daily_remaining: Some(remaining),
            ..RateLimitHeaders::default()
        };
        limiter.record_response(seconds(100), seconds(100), &limits, 0);
    };
    limiter.record_call(seconds(100));
    for (remaining, distance) in [
        (43_201, ms(0)),
        (43_200, seconds(2)),
        (21_600, seconds(4)),
        (5, seconds(10)),
    ] {
        learn(&mut limiter, remaining);
        let at = limiter.next_shared_call_at(seconds(101));
        assert_eq!(at.max(seconds(100)), seconds(100) + distance, "{remaining}");
        assert!(
            limiter.next_call_at(seconds(101)) <= seconds(101),
            "a full call need not wait"
        );
    }
}

#[test]
fn the_limit_of_the_settings_is_spread_as_well() {
    let quota = QuotaSettings {
        calls_per_day: Some(20),
        ..QuotaSettings::default()
    };
    let mut limiter = RateLimiter::new(quota);
    for _ in 0..10 {
        limiter.record_call(seconds(100));
    }
    assert_eq!(limiter.next_shared_call_at(seconds(101)), seconds(110));
}
