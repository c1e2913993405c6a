//! Results that workers report.

use std::collections::BTreeSet;

use contracts::{AttemptResult, Field, FieldResult, FieldSet, NextAction, SyncState};

use super::{
    attempt_results::{all_confirmed, all_with, failed, no_result, rejected, timed_out},
    test_user::{SECOND, TestUser},
};
use crate::rules::{self, UnixMs};

/// A linked user with a change of its first name.
fn changed() -> TestUser {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    user
}

#[test]
fn each_field_is_resolved_with_its_own_result() {
    let mut user = changed();
    user.change([(Field::LAST_NAME, "bad")]);
    let claim = user.claim();
    let effects = user.report(rejected(&claim, Field::LAST_NAME));
    assert_eq!((effects.next, effects.is_resolved), (NextAction::Clean, true));
    assert_eq!(user.receipt(2).state, SyncState::Confirmed);
    let receipt = user.receipt(3);
    assert_eq!(receipt.state, SyncState::Rejected);
    assert_eq!(
        receipt.fields[&Field::LAST_NAME].reason.as_ref().unwrap().code,
        "INVALID_VALUE"
    );
    assert_eq!((user.row.wake_at, user.row.open_attempt.clone()), (None, None));
}

#[test]
fn a_retracted_rejection_marks_the_field_dirty() {
    let mut user = changed();
    let claim = user.claim();
    user.report(rejected(&claim, Field::FIRST_NAME));
    let retract =
        |user: &mut TestUser, code| rules::retract(&mut user.row, Field::FIRST_NAME, code, user.now);
    retract(&mut user, "ANOTHER_CODE");
    assert!(!user.row.is_dirty());
    retract(&mut user, "INVALID_VALUE");
    assert_eq!(user.row.dirty_fields(), FieldSet::from_iter([Field::FIRST_NAME]));
    assert_eq!(user.row.wake_at, Some(user.now));
    let receipt = user.receipt(2);
    assert_eq!((receipt.state, receipt.resending), (SyncState::Rejected, true));
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    retract(&mut user, "INVALID_VALUE");
    assert!(!user.row.is_dirty());
}

#[test]
fn a_field_without_a_result_stays_dirty() {
    let mut user = changed();
    user.change([(Field::LAST_NAME, "Byron")]);
    let claim = user.claim();
    let results = [(Field::FIRST_NAME, FieldResult::CONFIRMED)].into();
    let effects = user.report(AttemptResult {
        field_results: results,
        ..no_result(&claim)
    });
    assert_eq!(
        (effects.next, user.row.dirty_fields()),
        (NextAction::Now, FieldSet::from_iter([Field::LAST_NAME]))
    );
    assert!(user.row.wake_at.is_some());
}

#[test]
fn a_result_for_a_field_outside_the_attempt_is_ignored() {
    let mut user = changed();
    let claim = user.claim();
    let mut result = all_confirmed(&claim);
    result
        .field_results
        .insert(Field::LAST_NAME, FieldResult::NotFound);
    user.report(result);
    assert_eq!(
        user.row.fields[Field::LAST_NAME].result,
        Some(FieldResult::CONFIRMED)
    );
}

#[test]
fn a_repeated_result_changes_nothing() {
    let mut user = changed();
    let claim = user.claim();
    user.report(timed_out(&claim));
    let before = user.row.clone();
    user.now += SECOND / 2;
    let effects = user.report(timed_out(&claim));
    assert_eq!(user.row, before);
    assert!(
        !effects.is_resolved && matches!(effects.next, NextAction::Later { .. }),
        "{effects:?}"
    );
}

#[test]
fn a_superseded_result_marks_overwritten_fields_dirty() {
    let mut user = changed();
    let old = user.claim();
    user.change([(Field::FIRST_NAME, "Ida")]);
    user.epoch += 1;
    let new = user.claim();
    user.report(all_confirmed(&new));
    assert!(!user.row.is_dirty());
    let effects = user.report(all_confirmed(&old));
    assert_eq!(effects.next, NextAction::Superseded);
    assert_eq!(user.row.dirty_fields(), FieldSet::from_iter([Field::FIRST_NAME]));
    assert_eq!(user.row.wake_at, Some(user.now));
    let receipt = user.receipt(3);
    assert_eq!((receipt.state, receipt.resending), (SyncState::Confirmed, true));
}

#[test]
fn a_superseded_result_that_overwrote_nothing_changes_no_field() {
    let mut user = changed();
    let old = user.claim();
    user.epoch += 1;
    let new = user.claim();
    user.report(all_confirmed(&new));
    let before = user.row.clone();
    user.report(failed(&old, true));
    assert_eq!(user.row.fields, before.fields, "nothing was written");
    user.report(all_confirmed(&old));
    assert_eq!(user.row.fields, before.fields, "nothing was changed since");
    assert!(!user.row.is_dirty());
    user.now += SECOND;
    user.report(timed_out(&old));
    assert_eq!(
        user.row.in_doubt.clone().unwrap().until,
        user.now + user.timing.late_write
    );
}

#[test]
fn a_result_of_another_holder_does_not_close_the_attempt() {
    let mut user = changed();
    let claim = user.claim();
    user.holder = "another".to_owned();
    assert_eq!(user.report(all_confirmed(&claim)).next, NextAction::Superseded);
    assert!(user.row.open_attempt.is_some() && user.row.is_dirty());
}

#[test]
fn failures_double_the_pause_and_need_counting_to_fail_a_field() {
    let mut user = changed();
    for doublings in 0..12 {
        let claim = user.claim();
        assert_eq!(user.row.failures, doublings);
        let NextAction::Later { in_ms } = user.report(failed(&claim, false)).next else {
            panic!("it is due later");
        };
        let middle = (SECOND << doublings.min(6)).min(60 * SECOND);
        let in_ms = UnixMs::try_from(in_ms).unwrap();
        assert!(
            (middle * 3 / 4..=middle * 5 / 4).contains(&in_ms),
            "{in_ms} after {doublings}"
        );
        user.now += in_ms;
    }
    let receipt = user.receipt(2);
    assert_eq!(
        (receipt.state, receipt.last_failure.unwrap().code),
        (SyncState::Pending, "TIMED_OUT".to_owned())
    );
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    assert_eq!((user.row.failures, user.receipt(2).last_failure), (0, None));
}

#[test]
fn users_that_failed_together_are_due_at_different_times() {
    let pauses: BTreeSet<UnixMs> = (0..100)
        .map(|number| {
            let mut user = changed();
            user.row.user_id = format!("user-{number:02}").parse().unwrap();
            let claim = user.claim();
            user.report(failed(&claim, false));
            user.row.wake_at.unwrap() - user.now
        })
        .collect();
    let (first, last) = (pauses.first().unwrap(), pauses.last().unwrap());
    assert!(
        pauses.len() > 50 && last - first > SECOND / 3,
        "{first} to {last}, {} different",
        pauses.len()
    );
}

#[test]
fn five_counted_failures_fail_the_fields() {
    let mut user = changed();
    for failures in 1..=5 {
        let claim = user.claim();
        let effects = user.report(failed(&claim, true));
        assert_eq!(effects.next == NextAction::Clean, failures == 5, "{effects:?}");
        user.now += 60 * SECOND;
    }
    assert_eq!(user.receipt(2).state, SyncState::Failed);
    assert_eq!(user.row.counted_failures, 0);
}

#[test]
fn the_last_failure_keeps_what_its_result_confirmed() {
    let mut user = changed();
    user.change([(Field::LAST_NAME, "Byron")]);
    for _ in 0..4 {
        let claim = user.claim();
        user.report(failed(&claim, true));
    }
    let claim = user.claim();
    let mut partly = failed(&claim, true);
    partly.field_results = [(Field::FIRST_NAME, FieldResult::CONFIRMED)].into();
    user.report(partly);
    assert_eq!(
        (user.receipt(2).state, user.receipt(3).state),
        (SyncState::Confirmed, SyncState::Failed)
    );
}

#[test]
fn a_failure_that_leaves_the_user_clean_is_not_kept() {
    let mut user = changed();
    let claim = user.claim();
    let failure = failed(&claim, true).failure;
    user.report(AttemptResult {
        failure,
        ..all_confirmed(&claim)
    });
    assert_eq!((user.row.failures, user.row.counted_failures), (0, 0));
    assert_eq!(user.receipt(2).last_failure, None);
}

#[test]
fn a_success_resets_the_counted_failures() {
    let mut user = changed();
    for _ in 0..4 {
        let claim = user.claim();
        user.report(failed(&claim, true));
    }
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    user.change([(Field::FIRST_NAME, "Ida")]);
    let claim = user.claim();
    user.report(failed(&claim, true));
    assert_eq!(
        (user.row.counted_failures, user.receipt(3).state),
        (1, SyncState::Pending)
    );
}

#[test]
fn a_result_of_an_unknown_later_attempt_resolves_nothing() {
    let mut user = changed();
    let claim = user.claim();
    let mut future = all_with(&claim, &FieldResult::CONFIRMED);
    future.attempt = claim.attempt.checked_add(5).unwrap();
    assert_eq!(user.report(future).next, NextAction::Superseded);
    assert!(
        user.row.is_dirty(),
        "a database that was restored knows fewer attempts"
    );
}
