//! The calls of the account's day.

use super::*;

fn three_a_day() -> QuotaSettings {
    QuotaSettings {
        calls_per_day: Some(3),
        ..QuotaSettings::default()
    }
}

#[test]
fn the_calls_of_a_day_end_before_hubspots_do_and_leave_the_reserve() {
    let quota = QuotaSettings {
        day_reserve_percent: 10,
        ..QuotaSettings::default()
    };
    let mut pace = taught(190, quota);
    let left = |remaining| RateLimitHeaders {
        daily: Some(1_000),
        daily_remaining: Some(remaining),
        ..RateLimitHeaders::default()
    };
    pace.learn(seconds(1), seconds(1), &left(104), 2);
    assert!(pace.has_day_left(seconds(1)));
    pace.spend(seconds(1));
    pace.spend(seconds(1));
    assert!(
        !pace.has_day_left(seconds(1)),
        "100 are reserved and two were out"
    );
    pace.learn(seconds(2), seconds(2), &left(900), 0);
    assert!(pace.has_day_left(seconds(2)), "a new day");
}

#[test]
fn a_limit_of_its_own_is_kept_in_any_24_hours() {
    let mut pace = taught(190, three_a_day());
    let hour = seconds(3_600);
    for at in [hour, hour * 2, hour * 2] {
        assert!(pace.has_day_left(at));
        pace.spend(at);
    }
    assert!(!pace.has_day_left(hour * 24));
    assert_eq!(pace.day_frees_at(hour * 24), Some(hour * 25));
    assert!(pace.has_day_left(hour * 25));
    assert_eq!(pace.day_frees_at(hour * 25), None);
    pace.spend(hour * 25);
    assert!(!pace.has_day_left(hour * 25), "one of three was free");
}

#[test]
fn the_first_hour_counts_like_any_other() {
    let mut pace = taught(190, three_a_day());
    for _ in 0..3 {
        pace.spend(seconds(1));
    }
    assert!(!pace.has_day_left(seconds(1)));
}

#[test]
fn calls_above_the_limit_are_free_again_when_they_are_a_day_old() {
    let mut pace = taught(190, three_a_day());
    let hour = seconds(3_600);
    for at in [hour, hour * 2, hour * 2, hour * 2] {
        pace.spend(at);
    }
    assert_eq!(pace.day_frees_at(hour * 25), Some(hour * 26));
}

#[test]
fn what_is_left_of_a_day_is_forgotten_when_nothing_is_said_of_it_for_as_long() {
    let mut pace = RateLimiter::new(QuotaSettings::default());
    let limits = RateLimitHeaders {
        daily: Some(1_000),
        daily_remaining: Some(1),
        ..RateLimitHeaders::default()
    };
    pace.learn(seconds(10), seconds(10), &limits, 0);
    pace.spend(seconds(11));
    assert!(!pace.has_day_left(seconds(11)));
    pace.learn(seconds(12), seconds(11), &RateLimitHeaders::default(), 0);
    assert!(!pace.has_day_left(seconds(86_400)));
    assert!(pace.has_day_left(seconds(86_411)));
}

#[test]
fn once_half_of_the_day_is_spent_what_is_left_is_spread_over_a_whole_one() {
    let mut pace = RateLimiter::new(QuotaSettings::default());
    let learn = |pace: &mut RateLimiter, remaining| {
        let limits = RateLimitHeaders {
            daily: Some(86_400),
            daily_remaining: Some(remaining),
            ..RateLimitHeaders::default()
        };
        pace.learn(seconds(100), seconds(100), &limits, 0);
    };
    pace.spend(seconds(100));
    for (remaining, distance) in [
        (43_201, ms(0)),
        (43_200, seconds(2)),
        (21_600, seconds(4)),
        (5, seconds(10)),
    ] {
        learn(&mut pace, remaining);
        let at = pace.next_shared_at(seconds(101));
        assert_eq!(at.max(seconds(100)), seconds(100) + distance, "{remaining}");
        assert!(
            pace.next_at(seconds(101)) <= seconds(101),
            "a full call need not wait"
        );
    }
}

#[test]
fn a_limit_of_its_own_is_spread_as_well() {
    let quota = QuotaSettings {
        calls_per_day: Some(20),
        ..QuotaSettings::default()
    };
    let mut pace = RateLimiter::new(quota);
    for _ in 0..10 {
        pace.spend(seconds(100));
    }
    assert_eq!(pace.next_shared_at(seconds(101)), seconds(110));
}
