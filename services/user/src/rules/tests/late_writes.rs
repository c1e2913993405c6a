//! Calls that HubSpot may still apply after they were given up.

use contracts::{Field, FieldSet, Priority};

use super::{
    attempt_results::{all_confirmed, timed_out},
    test_user::{SECOND, TestUser},
};

/// A first name whose call timed out, and a newer one that was confirmed.
fn in_late_write_window() -> TestUser {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.report(timed_out(&claim));
    user.change([(Field::FIRST_NAME, "Ida")]);
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    assert!(!user.row.is_dirty());
    user
}

#[test]
fn at_its_end_fields_changed_since_are_dirty_and_due() {
    let mut user = in_late_write_window();
    let version = user.row.version;
    assert_eq!(user.advance(user.timing.late_write - 1), None);
    assert_eq!(user.advance(1), Some(Priority::Live));
    assert_eq!(user.row.dirty_fields(), FieldSet::from_iter([Field::FIRST_NAME]));
    assert_eq!((user.row.version, user.row.in_doubt), (version, None));
}

#[test]
fn fields_not_changed_since_stay_clean() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.report(timed_out(&claim));
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    assert_eq!(user.advance(user.timing.late_write), None);
    assert!(!user.row.is_dirty() && user.row.in_doubt.is_none());
}

#[test]
fn windows_join_from_the_lowest_version_to_the_latest_end() {
    let mut user = in_late_write_window();
    let first = user.row.in_doubt.unwrap();
    user.now += SECOND;
    let claim = {
        user.change([(Field::LAST_NAME, "Byron")]);
        user.claim()
    };
    user.report(timed_out(&claim));
    let joined = user.row.in_doubt.unwrap();
    assert_eq!(
        (joined.from_version, joined.until),
        (first.from_version, first.until + SECOND)
    );
}

#[test]
fn an_attempt_in_flight_at_its_end_is_followed_by_another() {
    let mut user = in_late_write_window();
    user.now += user.timing.late_write - SECOND;
    user.change([(Field::FIRST_NAME, "Eve")]);
    let claim = user.claim();
    user.advance(SECOND);
    user.report(all_confirmed(&claim));
    assert!(user.row.fields[Field::FIRST_NAME].is_dirty());
}

#[test]
fn a_later_success_does_not_end_the_window() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    let mut result = all_confirmed(&claim);
    result.may_apply_late = true;
    user.report(result);
    assert!(!user.row.is_dirty());
    assert_eq!(user.row.in_doubt.unwrap().from_version, claim.version);
    assert_eq!(user.row.due_at(), Some(user.now + user.timing.late_write));
}

#[test]
fn a_clock_step_back_restarts_the_window() {
    for step in [1, SECOND, 10 * 120 * SECOND] {
        let mut user = in_late_write_window();
        user.now -= step;
        assert_eq!(user.sweep(), None);
        assert_eq!(
            user.row.in_doubt.unwrap().until,
            user.now + user.timing.late_write
        );
        assert_eq!(user.advance(user.timing.late_write), Some(Priority::Live));
        assert_eq!(user.row.in_doubt, None);
    }
}
