//! A change that a caller made.

use contracts::{Field, Priority, SyncState, UpdateForm};

use super::{
    desk::{Desk, SECOND, values},
    verdicts::{all, done, refused},
};
use crate::rules::{Change, ChangeError};

#[test]
fn version_and_turn_grow_with_each_change() {
    let mut desk = Desk::new();
    let (version, generation) = (desk.row.version, desk.row.generation);
    desk.change([(Field::FIRST_NAME, "Eva")]);
    assert_eq!(
        (desk.row.version, desk.row.generation),
        (version + 1, generation + 1)
    );
    assert_eq!(desk.row.fields[Field::FIRST_NAME].changed_in, desk.row.version);
    assert_eq!(desk.row.fields[Field::LAST_NAME].changed_in, version);
}

#[test]
fn giving_the_same_name_again_owes_it_again() {
    let mut desk = Desk::settled();
    let changed = desk.change([(Field::FIRST_NAME, "Ada")]);
    assert!(changed.wake && desk.row.fields[Field::FIRST_NAME].is_dirty());
    assert_eq!(desk.receipt(changed.version).state, SyncState::Pending);
}

#[test]
fn under_json_the_stored_address_in_any_case_is_the_key_and_touches_nothing() {
    let mut desk = Desk::settled();
    let changed = desk.change_as(UpdateForm::Json, [(Field::EMAIL, "ADA@Example.com")]);
    assert!(!changed.wake && !desk.row.is_dirty());
    assert_eq!(desk.receipt(changed.version).state, SyncState::Unchanged);
    let changed = desk.change([(Field::EMAIL, "ada@example.com")]);
    assert!(changed.wake, "under merge patch it is asked for");
}

#[test]
fn under_json_a_refused_address_is_tried_once_more() {
    let mut desk = Desk::settled();
    desk.change([(Field::EMAIL, "eva@example.com")]);
    let claim = desk.claim();
    desk.record(refused(&claim, Field::EMAIL));
    desk.change_as(UpdateForm::Json, [(Field::EMAIL, "eva@example.com")]);
    assert!(desk.row.fields[Field::EMAIL].is_dirty());
}

#[test]
fn null_clears_a_name_and_owes_it() {
    let mut desk = Desk::settled();
    let cleared = [(Field::LAST_NAME, None)].into();
    let change = Change {
        form: UpdateForm::MergePatch,
        fields: &cleared,
        if_match: None,
        key: None,
    };
    desk.try_change(&change).unwrap();
    assert_eq!(desk.claim().values[&Field::LAST_NAME], None);
    assert!(desk.row.fields[Field::LAST_NAME].is_dirty());
}

#[test]
fn a_change_is_announced_when_the_user_turns_unsettled_or_live() {
    let mut desk = Desk::settled();
    assert!(desk.change([(Field::FIRST_NAME, "Eva")]).wake);
    assert!(
        !desk.change([(Field::FIRST_NAME, "Ida")]).wake,
        "it was announced"
    );
    desk.row.priority = Priority::Backfill;
    assert!(desk.change([(Field::FIRST_NAME, "Eve")]).wake);
    assert_eq!(desk.row.priority, Priority::Live);
}

#[test]
fn a_lost_announcement_heals_after_the_announce_term() {
    let mut desk = Desk::new();
    assert_eq!(desk.later(desk.terms.wake_up - 1), None);
    assert_eq!(desk.later(1), Some(Priority::Live));
    assert_eq!(desk.later(SECOND), None, "it is announced once a term");
}

#[test]
fn a_new_user_needs_an_address_and_the_version_given_must_be_the_stored_one() {
    let mut desk = Desk::empty();
    let fields = values([(Field::FIRST_NAME, "Ada")]);
    let mut change = Change {
        form: UpdateForm::MergePatch,
        fields: &fields,
        if_match: None,
        key: None,
    };
    assert_eq!(desk.try_change(&change), Err(ChangeError::EmailRequired));
    change.if_match = Some(1);
    assert_eq!(desk.try_change(&change), Err(ChangeError::VersionMismatch(0)));
    assert_eq!(
        desk.row,
        Desk::empty().row,
        "a refused change leaves the row as it was"
    );
}

#[test]
fn a_repeated_key_answers_with_the_version_it_made_until_it_is_forgotten() {
    let mut desk = Desk::settled();
    let fields = values([(Field::FIRST_NAME, "Eva")]);
    let keyed = |key| Change {
        form: UpdateForm::MergePatch,
        fields: &fields,
        if_match: Some(1),
        key: Some(key),
    };
    let first = desk.try_change(&keyed("k")).unwrap();
    let before = desk.row.clone();
    let again = desk.try_change(&keyed("k")).unwrap();
    assert_eq!((again.version, again.wake), (first.version, false));
    assert_eq!(desk.row, before);
    let other = values([(Field::FIRST_NAME, "Ida")]);
    let reused = Change {
        fields: &other,
        ..keyed("k")
    };
    assert_eq!(desk.try_change(&reused), Err(ChangeError::KeyReused));
    for key in ["1", "2", "3", "4", "5", "6", "7", "8"] {
        let change = Change {
            if_match: None,
            ..keyed(key)
        };
        desk.try_change(&change).unwrap();
    }
    assert_eq!(desk.row.keys.len(), 8);
    let forgotten = desk.try_change(&keyed("k"));
    assert_eq!(forgotten, Err(ChangeError::VersionMismatch(desk.row.version)));
}

#[test]
fn what_a_key_was_used_for_is_remembered_in_an_sql_integer() {
    let mut desk = Desk::settled();
    for key in ["1", "2", "3", "4", "5", "6", "7", "8"] {
        let fields = values([(Field::FIRST_NAME, key)]);
        let change = Change {
            form: UpdateForm::MergePatch,
            fields: &fields,
            if_match: None,
            key: Some(key),
        };
        desk.try_change(&change).unwrap();
    }
    let fits = |given| i64::try_from(given).is_ok();
    assert!(desk.row.keys.iter().all(|used| fits(used.given)));
}

#[test]
fn versions_that_touched_nothing_are_remembered_in_ranges_and_not_without_bound() {
    let mut desk = Desk::settled();
    for _ in 0..40 {
        desk.change_as(UpdateForm::Json, [(Field::EMAIL, "ada@example.com")]);
    }
    assert_eq!(desk.row.unchanged, [(2, 41)]);
    for _ in 0..40 {
        desk.change([(Field::FIRST_NAME, "Eva")]);
        desk.change_as(UpdateForm::Json, [(Field::EMAIL, "ada@example.com")]);
    }
    assert_eq!(desk.row.unchanged.len(), 16);
    assert_eq!(desk.receipt(desk.row.version).state, SyncState::Unchanged);
}

#[test]
fn a_change_while_an_attempt_is_out_stays_owed() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    desk.change([(Field::FIRST_NAME, "Ida")]);
    let effects = desk.record(done(&claim));
    assert_eq!(effects.next, contracts::NextAction::Now);
    assert_eq!(desk.receipt(2).state, SyncState::Superseded);
    assert_eq!(desk.receipt(3).state, SyncState::Pending, "no borrowed success");
    let claim = desk.claim();
    desk.record(all(&claim, &contracts::FieldResult::Confirmed));
    assert_eq!(desk.receipt(3).state, SyncState::Confirmed);
}
