//! Lines of an import.

use contracts::{Field, FieldResult, Priority, SyncState, Values};

use super::{
    desk::{Desk, values},
    verdicts::{done, refused},
};
use crate::rules::{ChangeError, accept_line};

/// A value no change of the desk gives.
fn other_name() -> Values {
    values([(Field::FIRST_NAME, "Imported")])
}

#[test]
fn only_what_differs_is_touched_and_owed() {
    let mut desk = Desk::settled();
    let mut given = desk.row.values();
    given.extend(other_name());
    let version = desk.row.version;
    let imported = accept_line(&mut desk.row, &given, desk.now).unwrap();
    assert!(imported.is_changed && imported.version == version + 1);
    let owed: Vec<Field> = desk.row.dirty_fields().iter().collect();
    assert_eq!(owed, [Field::FIRST_NAME]);
}

#[test]
fn a_line_that_differs_in_nothing_leaves_the_row_as_it_is() {
    let mut desk = Desk::settled();
    let mut given = desk.row.values();
    let address = given[&Field::EMAIL].as_ref().unwrap().to_uppercase();
    given.insert(Field::EMAIL, Some(address));
    let before = desk.row.clone();
    let imported = accept_line(&mut desk.row, &given, desk.now + 1).unwrap();
    assert!(!imported.is_changed && imported.version == before.version);
    assert_eq!(desk.row, before);
}

#[test]
fn a_refused_value_that_is_imported_again_is_not_tried_again() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    desk.record(refused(&claim, Field::FIRST_NAME));
    let given = values([(Field::FIRST_NAME, "Eva")]);
    assert!(!accept_line(&mut desk.row, &given, desk.now).unwrap().is_changed);
    assert!(matches!(
        desk.row.fields[Field::FIRST_NAME].result,
        Some(FieldResult::Rejected { .. })
    ));
}

#[test]
fn a_settled_user_waits_in_the_back_fill_lane_and_is_due_at_once() {
    let mut desk = Desk::settled();
    accept_line(&mut desk.row, &other_name(), desk.now).unwrap();
    assert_eq!(desk.row.priority, Priority::Backfill);
    assert_eq!(desk.later(0), Some(Priority::Backfill));
}

#[test]
fn a_user_with_a_live_change_stays_live() {
    let mut desk = Desk::settled();
    desk.change([(Field::LAST_NAME, "Live")]);
    let wake_at = desk.row.wake_at;
    accept_line(&mut desk.row, &other_name(), desk.now).unwrap();
    assert_eq!((desk.row.priority, desk.row.wake_at), (Priority::Live, wake_at));
}

#[test]
fn a_change_after_an_import_makes_the_user_live() {
    let mut desk = Desk::settled();
    accept_line(&mut desk.row, &other_name(), desk.now).unwrap();
    assert!(desk.change([(Field::LAST_NAME, "Live")]).wake);
    assert_eq!(desk.row.priority, Priority::Live);
}

#[test]
fn what_is_imported_while_an_attempt_is_out_stays_owed_when_it_is_settled() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    let imported = accept_line(&mut desk.row, &other_name(), desk.now).unwrap();
    desk.record(done(&claim));
    assert!(desk.row.fields[Field::FIRST_NAME].is_dirty());
    assert_eq!(desk.receipt(imported.version).state, SyncState::Pending);
}

#[test]
fn a_new_user_needs_an_address() {
    let mut desk = Desk::empty();
    let refused = accept_line(&mut desk.row, &other_name(), desk.now);
    assert_eq!(refused, Err(ChangeError::EmailRequired));
    assert_eq!(desk.row.version, 0);
}
