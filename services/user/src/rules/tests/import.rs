//! Lines of an import.

use contracts::{Field, FieldDefinitions, FieldResult, Priority, SyncState, Values};

use super::{
    attempt_results::{all_confirmed, rejected},
    test_user::{TestUser, values},
};
use crate::rules::{ChangeError, accept_line};

/// A value that no change of the tests gives.
fn other_name() -> Values {
    values([(Field::FIRST_NAME, "Imported")])
}

#[test]
fn only_fields_that_differ_are_changed_and_dirty() {
    let mut user = TestUser::confirmed();
    let mut given = user.row.values();
    given.extend(other_name());
    let version = user.row.version;
    let imported = accept_line(
        &mut user.row,
        &given,
        FieldDefinitions::built_in(),
        user.now,
        0,
        &user.timing,
    )
    .unwrap();
    assert!(imported.is_changed && imported.version == version + 1);
    let dirty: Vec<Field> = user.row.dirty_fields().iter().collect();
    assert_eq!(dirty, [Field::FIRST_NAME]);
}

#[test]
fn a_line_without_a_difference_changes_nothing() {
    let mut user = TestUser::confirmed();
    let mut given = user.row.values();
    let address = user.row.address().unwrap().to_uppercase();
    given.insert(Field::EMAIL, Some(address.into()));
    let before = user.row.clone();
    let imported = accept_line(
        &mut user.row,
        &given,
        FieldDefinitions::built_in(),
        user.now + 1,
        0,
        &user.timing,
    )
    .unwrap();
    assert!(!imported.is_changed && imported.version == before.version);
    assert_eq!(user.row, before);
}

#[test]
fn a_rejected_value_that_is_imported_again_is_not_sent_again() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.report(rejected(&claim, Field::FIRST_NAME));
    let given = values([(Field::FIRST_NAME, "Eva")]);
    assert!(
        !accept_line(
            &mut user.row,
            &given,
            FieldDefinitions::built_in(),
            user.now,
            0,
            &user.timing
        )
        .unwrap()
        .is_changed
    );
    assert!(matches!(
        user.row.fields[Field::FIRST_NAME].result,
        Some(FieldResult::Rejected { .. })
    ));
}

#[test]
fn an_imported_user_is_due_at_once_as_backfill() {
    let mut user = TestUser::confirmed();
    accept_line(
        &mut user.row,
        &other_name(),
        FieldDefinitions::built_in(),
        user.now,
        0,
        &user.timing,
    )
    .unwrap();
    assert_eq!(user.row.priority, Priority::Backfill);
    assert_eq!(user.advance(0), Some(Priority::Backfill));
}

#[test]
fn a_user_with_a_live_change_stays_live() {
    let mut user = TestUser::confirmed();
    user.change([(Field::LAST_NAME, "Live")]);
    let wake_at = user.row.wake_at;
    accept_line(
        &mut user.row,
        &other_name(),
        FieldDefinitions::built_in(),
        user.now,
        0,
        &user.timing,
    )
    .unwrap();
    assert_eq!((user.row.priority, user.row.wake_at), (Priority::Live, wake_at));
}

#[test]
fn a_change_after_an_import_makes_the_user_live() {
    let mut user = TestUser::confirmed();
    accept_line(
        &mut user.row,
        &other_name(),
        FieldDefinitions::built_in(),
        user.now,
        0,
        &user.timing,
    )
    .unwrap();
    assert!(user.change([(Field::LAST_NAME, "Live")]).wake);
    assert_eq!(user.row.priority, Priority::Live);
}

#[test]
fn an_import_during_an_attempt_stays_dirty() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    let imported = accept_line(
        &mut user.row,
        &other_name(),
        FieldDefinitions::built_in(),
        user.now,
        0,
        &user.timing,
    )
    .unwrap();
    user.report(all_confirmed(&claim));
    assert!(user.row.fields[Field::FIRST_NAME].is_dirty());
    assert_eq!(user.receipt(imported.version).state, SyncState::Pending);
}

#[test]
fn a_new_user_needs_an_address() {
    let mut user = TestUser::not_created();
    let answer = accept_line(
        &mut user.row,
        &other_name(),
        FieldDefinitions::built_in(),
        user.now,
        0,
        &user.timing,
    );
    assert_eq!(answer, Err(ChangeError::EmailRequired));
    assert_eq!(user.row.version, 0);
}
