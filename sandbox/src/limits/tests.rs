//! The limits in virtual time.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use super::*;

fn at(milliseconds: i64) -> Timestamp {
    // 2026-11-22T00:00:00Z and some milliseconds.
    Timestamp::from_millisecond(1_795_305_600_000 + milliseconds).unwrap()
}

fn meter(limits: Limits) -> Meter {
    Meter::new(limits, Offset::UTC)
}

#[test]
fn the_window_rolls_and_does_not_jump() {
    let mut meter = meter(Limits {
        burst: 2,
        ..Limits::default()
    });
    meter.admit(Credential::Static, false, at(0)).unwrap();
    meter.admit(Credential::Static, false, at(9_000)).unwrap();
    let refused = meter.admit(Credential::Static, false, at(9_999)).unwrap_err();
    assert_eq!(
        refused,
        Exceeded {
            policy: Policy::Burst,
            retry_after: Duration::from_millis(1)
        }
    );
    meter.admit(Credential::Static, false, at(10_000)).unwrap();
    // A window that jumps would be empty again by now.
    assert!(meter.admit(Credential::Static, false, at(10_001)).is_err());
    meter.admit(Credential::Static, false, at(19_000)).unwrap();
}

#[test]
fn refused_calls_are_not_counted() {
    let mut meter = meter(Limits {
        burst: 1,
        ..Limits::default()
    });
    meter.admit(Credential::Static, false, at(0)).unwrap();
    for milliseconds in 1..100 {
        assert!(
            meter
                .admit(Credential::Static, false, at(milliseconds * 100))
                .is_err()
        );
    }
    meter.admit(Credential::Static, false, at(10_000)).unwrap();
}

#[test]
fn the_day_ends_at_midnight_of_the_account() {
    let limits = Limits {
        daily: 1,
        ..Limits::default()
    };
    let mut meter = Meter::new(limits, Offset::from_hours(-5).unwrap());
    meter.admit(Credential::Static, false, at(0)).unwrap();
    let refused = meter.admit(Credential::Static, false, at(60_000)).unwrap_err();
    assert_eq!(refused.policy, Policy::Daily);
    let five_hours = 5 * 3_600_000;
    assert!(
        meter
            .admit(Credential::Static, false, at(five_hours - 1))
            .is_err()
    );
    meter.admit(Credential::Static, false, at(five_hours)).unwrap();
}

#[test]
fn oauth_apps_have_a_window_of_their_own_and_no_daily_limit() {
    let mut meter = meter(Limits {
        burst: 1,
        oauth_burst: 2,
        daily: 1,
        ..Limits::default()
    });
    meter.admit(Credential::Static, false, at(0)).unwrap();
    meter.admit(Credential::OAuth, false, at(1)).unwrap();
    meter.admit(Credential::OAuth, false, at(2)).unwrap();
    assert_eq!(
        meter.admit(Credential::OAuth, false, at(3)).unwrap_err().policy,
        Policy::Burst
    );
}

#[test]
fn searches_count_per_second_and_not_in_the_window() {
    let mut meter = meter(Limits {
        burst: 1,
        search_per_second: 2,
        ..Limits::default()
    });
    meter.admit(Credential::Static, true, at(0)).unwrap();
    meter.admit(Credential::Static, true, at(1)).unwrap();
    assert_eq!(
        meter.admit(Credential::Static, true, at(999)).unwrap_err().policy,
        Policy::Search
    );
    meter.admit(Credential::Static, true, at(1_000)).unwrap();
    assert_eq!(meter.remaining(Credential::Static, at(1_000)).burst, 1);
}
