//! A change that a caller made.

use contracts::{Field, FieldDefinitions, Priority, SyncState, UpdateForm};

use super::{
    attempt_results::{all_confirmed, all_with, failed},
    test_user::{SECOND, TestUser, values},
};
use crate::rules::{Change, ChangeError, wake_now};

#[test]
fn version_and_generation_grow_with_each_change() {
    let mut user = TestUser::created();
    let (version, generation) = (user.row.version, user.row.generation);
    user.change([(Field::FIRST_NAME, "Eva")]);
    assert_eq!(
        (user.row.version, user.row.generation),
        (version + 1, generation + 1)
    );
    assert_eq!(user.row.fields[Field::FIRST_NAME].changed_in, user.row.version);
    assert_eq!(user.row.fields[Field::LAST_NAME].changed_in, version);
}

#[test]
fn null_clears_a_name_and_marks_it_dirty() {
    let mut user = TestUser::confirmed();
    let cleared = [(Field::LAST_NAME, None)].into();
    let change = Change {
        form: UpdateForm::MergePatch,
        fields: &cleared,
        definitions: FieldDefinitions::built_in(),
        if_match: None,
        key: None,
        sent: None,
    };
    user.try_change(&change).unwrap();
    assert_eq!(user.claim().values[&Field::LAST_NAME], None);
    assert!(user.row.fields[Field::LAST_NAME].is_dirty());
}

#[test]
fn a_change_ends_the_pause_after_a_failure() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    for _ in 0..4 {
        let claim = user.claim();
        user.report(failed(&claim, true));
    }
    assert!(user.change([(Field::FIRST_NAME, "Ida")]).wake);
    assert_eq!(user.row.wake_at, Some(user.now + user.timing.wake_up));
    assert!(
        !user.change([(Field::FIRST_NAME, "Eve")]).wake,
        "a wake-up is under way"
    );
    assert!(wake_now(&mut user.row, user.now), "it could not be published");
    assert_eq!(user.row.counted_failures, 4, "the record is as suspect as before");
}

#[test]
fn a_change_during_an_attempt_that_fails_waits_for_a_short_pause() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    for _ in 0..8 {
        let claim = user.claim();
        user.report(failed(&claim, false));
    }
    let claim = user.claim();
    assert!(
        !user.change([(Field::LAST_NAME, "King")]).wake,
        "it is in an attempt"
    );
    user.report(failed(&claim, false));
    assert_eq!(user.row.failures, 1);
    assert!(user.row.wake_at < Some(user.now + 2 * SECOND));
}

#[test]
fn a_change_wakes_a_user_that_becomes_dirty_or_live() {
    let mut user = TestUser::confirmed();
    assert!(user.change([(Field::FIRST_NAME, "Eva")]).wake);
    assert!(
        !user.change([(Field::FIRST_NAME, "Ida")]).wake,
        "a wake-up is under way"
    );
    user.row.priority = Priority::Backfill;
    assert!(user.change([(Field::FIRST_NAME, "Eve")]).wake);
    assert_eq!(user.row.priority, Priority::Live);
}

#[test]
fn a_lost_wake_up_is_repeated_after_its_term() {
    let mut user = TestUser::created();
    assert_eq!(user.advance(user.timing.wake_up - 1), None);
    assert_eq!(user.advance(1), Some(Priority::Live));
    assert_eq!(user.advance(SECOND), None, "one wake-up in each term");
}

#[test]
fn a_change_without_address_or_with_another_version_is_rejected() {
    let mut user = TestUser::not_created();
    let fields = values([(Field::FIRST_NAME, "Ada")]);
    let mut change = Change {
        form: UpdateForm::MergePatch,
        fields: &fields,
        definitions: FieldDefinitions::built_in(),
        if_match: None,
        key: None,
        sent: None,
    };
    assert_eq!(user.try_change(&change), Err(ChangeError::EmailRequired));
    change.if_match = Some(1);
    assert_eq!(user.try_change(&change), Err(ChangeError::VersionMismatch(0)));
    assert_eq!(
        user.row,
        TestUser::not_created().row,
        "a rejected change leaves the row as it was"
    );
}

#[test]
fn a_change_during_an_attempt_stays_dirty() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.change([(Field::FIRST_NAME, "Ida")]);
    let effects = user.report(all_confirmed(&claim));
    assert_eq!(effects.next, contracts::NextAction::Now);
    assert_eq!(user.receipt(2).state, SyncState::Superseded);
    assert_eq!(
        user.receipt(3).state,
        SyncState::Pending,
        "the success of an earlier value does not count"
    );
    let claim = user.claim();
    user.report(all_with(&claim, &contracts::FieldResult::CONFIRMED));
    assert_eq!(user.receipt(3).state, SyncState::Confirmed);
}
