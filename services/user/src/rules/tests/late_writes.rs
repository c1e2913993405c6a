//! Calls that HubSpot may still apply after they were given up.

use contracts::{AttemptResult, Field, FieldSet, Priority, WriteTarget};

use super::{
    attempt_results::{ACCOUNT, all_confirmed, timed_out},
    test_user::{SECOND, TestUser},
};
use crate::rules::{self, Claimed};

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
    let first = user.row.in_doubt.clone().unwrap();
    user.now += SECOND;
    let claim = {
        user.change([(Field::LAST_NAME, "Byron")]);
        user.claim()
    };
    user.report(timed_out(&claim));
    let joined = user.row.in_doubt.clone().unwrap();
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
    assert_eq!(user.row.in_doubt.clone().unwrap().from_version, claim.version);
    assert_eq!(user.row.due_at(), Some(user.now + user.timing.late_write));
}

#[test]
fn a_clock_step_back_restarts_the_window() {
    for step in [1, SECOND, 10 * 120 * SECOND] {
        let mut user = in_late_write_window();
        user.now -= step;
        assert_eq!(user.sweep(), None);
        assert_eq!(
            user.row.in_doubt.clone().unwrap().until,
            user.now + user.timing.late_write
        );
        assert_eq!(user.advance(user.timing.late_write), Some(Priority::Live));
        assert_eq!(user.row.in_doubt, None);
    }
}

#[test]
fn a_user_waits_while_a_late_write_of_another_user_is_possible() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    user.late_write_until = Some(user.now + 5_000);
    assert_eq!(user.try_claim(), Claimed::Waiting);
    assert_eq!(user.row.wake_at, user.late_write_until);
    let receipt = user.receipt(2);
    assert_eq!(receipt.last_failure.unwrap().code, "LATE_WRITE_POSSIBLE");
    assert!(receipt.next_attempt_at.is_some());
    user.now += 5_000;
    assert!(user.sweep().is_some(), "it is woken at the end");
    user.claim();
    assert_eq!(user.receipt(2).last_failure, None);
}

#[test]
fn a_wait_for_a_late_write_is_never_longer_than_its_window() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    // The clock has stepped back since.
    user.late_write_until = Some(user.now + 3_600_000);
    assert_eq!(user.try_claim(), Claimed::Waiting);
    assert_eq!(user.row.wake_at, Some(user.now + user.timing.late_write));
}

#[test]
fn a_window_names_the_contact_or_the_address_of_the_attempt() {
    let mut linked = TestUser::confirmed();
    linked.change([(Field::FIRST_NAME, "Eva")]);
    let mut unlinked = TestUser::created();
    for (user, target) in [
        (&mut linked, WriteTarget::contact(ACCOUNT, "c1")),
        (&mut unlinked, WriteTarget::address("ada@example.com")),
    ] {
        user.claim();
        user.epoch += 1;
        user.claim();
        let window = user.row.in_doubt.clone().unwrap();
        assert_eq!(window.targets, [(target, window.until)]);
    }
}

#[test]
fn at_the_end_of_a_window_the_users_of_a_contact_that_passed_on_are_named() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    user.claim();
    rules::lose_contact(&mut user.row, user.now, &user.timing);
    user.now += user.timing.late_write;
    let effects = rules::handle_due(&mut user.row, user.now, &user.timing);
    assert_eq!(effects.overwritten, [WriteTarget::contact(ACCOUNT, "c1")]);

    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    user.claim();
    user.epoch += 1;
    user.claim();
    user.now += user.timing.late_write;
    let effects = rules::handle_due(&mut user.row, user.now, &user.timing);
    assert_eq!(effects.overwritten, [], "nobody else has the contact");
}

#[test]
fn a_window_of_a_former_contact_counts_for_the_one_it_was_merged_into() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    user.claim();
    user.epoch += 1;
    user.claim();
    let (former, present) = (
        WriteTarget::contact(ACCOUNT, "c1"),
        WriteTarget::contact(ACCOUNT, "c2"),
    );
    assert!(rules::extend_windows_to(
        &mut user.row,
        std::slice::from_ref(&former),
        &present
    ));
    let window = user.row.in_doubt.clone().unwrap();
    assert_eq!(window.targets, [(former, window.until), (present, window.until)]);
}

#[test]
fn the_result_of_a_given_up_attempt_ends_its_window_unless_a_call_may_come_late() {
    for may_apply_late in [false, true] {
        let mut user = TestUser::confirmed();
        user.change([(Field::FIRST_NAME, "Eva")]);
        let earlier = user.claim();
        user.epoch += 1;
        user.claim();
        user.now += 10;
        user.report(AttemptResult {
            may_apply_late,
            ..all_confirmed(&earlier)
        });
        let window = user.row.in_doubt.clone().unwrap();
        assert_eq!(window.until > user.now, may_apply_late);
        user.sweep();
        assert_eq!(user.row.in_doubt.is_some(), may_apply_late);
    }
}

#[test]
fn a_window_for_other_calls_too_does_not_end_with_one_result() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let timed_out_one = user.claim();
    user.report(timed_out(&timed_out_one));
    user.now += 5_000;
    let earlier = user.claim();
    user.epoch += 1;
    user.claim();
    user.report(all_confirmed(&earlier));
    assert!(user.row.in_doubt.clone().unwrap().until > user.now);
}
