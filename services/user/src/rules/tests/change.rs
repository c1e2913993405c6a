//! A change that a caller made.

use contracts::{Field, Priority, SyncState, UpdateForm};

use super::{
    attempt_results::{all_confirmed, all_with, failed, rejected},
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
fn giving_the_same_name_again_marks_it_dirty() {
    let mut user = TestUser::confirmed();
    let changed = user.change([(Field::FIRST_NAME, "Ada")]);
    assert!(changed.wake && user.row.fields[Field::FIRST_NAME].is_dirty());
    assert_eq!(user.receipt(changed.version).state, SyncState::Pending);
}

#[test]
fn under_json_the_stored_address_changes_nothing() {
    let mut user = TestUser::confirmed();
    let changed = user.change_as(UpdateForm::Json, [(Field::EMAIL, "ADA@Example.com")]);
    assert!(!changed.wake && !user.row.is_dirty());
    assert_eq!(user.receipt(changed.version).state, SyncState::Unchanged);
    let changed = user.change([(Field::EMAIL, "ada@example.com")]);
    assert!(changed.wake, "under merge patch it is asked for");
}

#[test]
fn under_json_a_rejected_address_is_sent_again() {
    let mut user = TestUser::confirmed();
    user.change([(Field::EMAIL, "eva@example.com")]);
    let claim = user.claim();
    user.report(rejected(&claim, Field::EMAIL));
    user.change_as(UpdateForm::Json, [(Field::EMAIL, "eva@example.com")]);
    assert!(user.row.fields[Field::EMAIL].is_dirty());
}

#[test]
fn null_clears_a_name_and_marks_it_dirty() {
    let mut user = TestUser::confirmed();
    let cleared = [(Field::LAST_NAME, None)].into();
    let change = Change {
        form: UpdateForm::MergePatch,
        fields: &cleared,
        if_match: None,
        key: None,
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
        if_match: None,
        key: None,
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
fn a_repeated_key_returns_its_version_until_it_is_forgotten() {
    let mut user = TestUser::confirmed();
    let fields = values([(Field::FIRST_NAME, "Eva")]);
    let keyed = |key| Change {
        form: UpdateForm::MergePatch,
        fields: &fields,
        if_match: Some(1),
        key: Some(key),
    };
    let first = user.try_change(&keyed("k")).unwrap();
    let before = user.row.clone();
    let again = user.try_change(&keyed("k")).unwrap();
    assert_eq!((again.version, again.wake), (first.version, false));
    assert_eq!(user.row, before);
    let other = values([(Field::FIRST_NAME, "Ida")]);
    let reused = Change {
        fields: &other,
        ..keyed("k")
    };
    assert_eq!(user.try_change(&reused), Err(ChangeError::KeyReused));
    for key in ["1", "2", "3", "4", "5", "6", "7", "8"] {
        let change = Change {
            if_match: None,
            ..keyed(key)
        };
        user.try_change(&change).unwrap();
    }
    assert_eq!(user.row.keys.len(), 8);
    let forgotten = user.try_change(&keyed("k"));
    assert_eq!(forgotten, Err(ChangeError::VersionMismatch(user.row.version)));
}

#[test]
fn the_fingerprint_of_a_key_fits_into_an_sql_integer() {
    let mut user = TestUser::confirmed();
    for key in ["1", "2", "3", "4", "5", "6", "7", "8"] {
        let fields = values([(Field::FIRST_NAME, key)]);
        let change = Change {
            form: UpdateForm::MergePatch,
            fields: &fields,
            if_match: None,
            key: Some(key),
        };
        user.try_change(&change).unwrap();
    }
    let fits = |given| i64::try_from(given).is_ok();
    assert!(user.row.keys.iter().all(|used| fits(used.given)));
}

#[test]
fn unchanged_versions_are_kept_as_a_limited_number_of_ranges() {
    let mut user = TestUser::confirmed();
    for _ in 0..40 {
        user.change_as(UpdateForm::Json, [(Field::EMAIL, "ada@example.com")]);
    }
    assert_eq!(user.row.unchanged, [(2, 41)]);
    for _ in 0..40 {
        user.change([(Field::FIRST_NAME, "Eva")]);
        user.change_as(UpdateForm::Json, [(Field::EMAIL, "ada@example.com")]);
    }
    assert_eq!(user.row.unchanged.len(), 16);
    assert_eq!(user.receipt(user.row.version).state, SyncState::Unchanged);
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
    user.report(all_with(&claim, &contracts::FieldResult::Confirmed));
    assert_eq!(user.receipt(3).state, SyncState::Confirmed);
}
