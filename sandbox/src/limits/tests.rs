//! The limits in virtual time.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use super::*;

fn at(milliseconds: i64) -> Timestamp {
    // This many milliseconds after 2026-11-22T00:00:00Z.
    Timestamp::from_millisecond(1_795_305_600_000 + milliseconds).unwrap()
}

fn limiter(limits: Limits) -> CallLimiter {
    CallLimiter::new(limits, Offset::UTC)
}

#[test]
fn the_window_rolls_and_does_not_jump() {
    let mut limiter = limiter(Limits {
        burst: 2,
        ..Limits::default()
    });
    limiter.admit(Credential::Static, false, at(0)).unwrap();
    limiter.admit(Credential::Static, false, at(9_000)).unwrap();
    let denied = limiter.admit(Credential::Static, false, at(9_999)).unwrap_err();
    assert_eq!(
        denied,
        LimitExceeded {
            policy: Policy::Burst,
            retry_after: Duration::from_millis(1)
        }
    );
    limiter.admit(Credential::Static, false, at(10_000)).unwrap();
    // A window that jumps would be empty again by now.
    assert!(limiter.admit(Credential::Static, false, at(10_001)).is_err());
    limiter.admit(Credential::Static, false, at(19_000)).unwrap();
}

#[test]
fn denied_calls_are_not_counted() {
    let mut limiter = limiter(Limits {
        burst: 1,
        ..Limits::default()
    });
    limiter.admit(Credential::Static, false, at(0)).unwrap();
    for milliseconds in 1..100 {
        assert!(
            limiter
                .admit(Credential::Static, false, at(milliseconds * 100))
                .is_err()
        );
    }
    limiter.admit(Credential::Static, false, at(10_000)).unwrap();
}

#[test]
fn the_day_ends_at_midnight_of_the_account() {
    let limits = Limits {
        daily: 1,
        ..Limits::default()
    };
    let mut limiter = CallLimiter::new(limits, Offset::from_hours(-5).unwrap());
    limiter.admit(Credential::Static, false, at(0)).unwrap();
    let denied = limiter.admit(Credential::Static, false, at(60_000)).unwrap_err();
    assert_eq!(denied.policy, Policy::Daily);
    let five_hours = 5 * 3_600_000;
    assert!(
        limiter
            .admit(Credential::Static, false, at(five_hours - 1))
            .is_err()
    );
    limiter.admit(Credential::Static, false, at(five_hours)).unwrap();
}

#[test]
fn oauth_apps_have_a_window_of_their_own_and_no_daily_limit() {
    let mut limiter = limiter(Limits {
        burst: 1,
        oauth_burst: 2,
        daily: 1,
        ..Limits::default()
    });
    limiter.admit(Credential::Static, false, at(0)).unwrap();
    limiter.admit(Credential::OAuth, false, at(1)).unwrap();
    limiter.admit(Credential::OAuth, false, at(2)).unwrap();
    assert_eq!(
        limiter.admit(Credential::OAuth, false, at(3)).unwrap_err().policy,
        Policy::Burst
    );
}

#[test]
fn searches_count_per_second_and_not_in_the_window() {
    let mut limiter = limiter(Limits {
        burst: 1,
        search_per_second: 2,
        ..Limits::default()
    });
    limiter.admit(Credential::Static, true, at(0)).unwrap();
    limiter.admit(Credential::Static, true, at(1)).unwrap();
    assert_eq!(
        limiter
            .admit(Credential::Static, true, at(999))
            .unwrap_err()
            .policy,
        Policy::Search
    );
    limiter.admit(Credential::Static, true, at(1_000)).unwrap();
    assert_eq!(limiter.remaining(Credential::Static, at(1_000)).burst, 1);
}
