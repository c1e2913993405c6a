//! Repairs of fields that HubSpot no longer has as it confirmed them.

use contracts::{Field, FieldSet, Priority, SyncState};

use super::{attempt_results::all_confirmed, test_user::TestUser};
use crate::rules::repair;

fn names() -> FieldSet {
    FieldSet::from_iter([Field::FIRST_NAME, Field::LAST_NAME])
}

#[test]
fn a_repair_sends_fields_again_and_keeps_the_receipt() {
    let mut user = TestUser::confirmed();
    let generation = user.row.generation;
    assert!(repair(&mut user.row, generation, names(), user.now));
    assert_eq!(user.row.dirty_fields(), names());
    assert_eq!((user.row.version, user.row.priority), (1, Priority::Backfill));
    assert_eq!(user.row.due_at(), Some(user.now));
    let receipt = user.receipt(1);
    assert_eq!((receipt.state, receipt.resending), (SyncState::Confirmed, true));
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    assert!(!user.row.is_dirty());
}

#[test]
fn a_user_that_changed_since_is_not_repaired() {
    let mut user = TestUser::confirmed();
    let generation = user.row.generation;
    user.change([(Field::FIRST_NAME, "Eva")]);
    let before = user.row.clone();
    assert!(!repair(&mut user.row, generation, names(), user.now));
    assert_eq!(user.row, before);
}

#[test]
fn two_repairs_of_one_generation_send_once() {
    let mut user = TestUser::confirmed();
    let generation = user.row.generation;
    assert!(repair(&mut user.row, generation, names(), user.now));
    assert!(!repair(&mut user.row, generation, names(), user.now));
}

#[test]
fn a_user_that_shares_its_contact_is_not_repaired() {
    let mut user = TestUser::confirmed();
    user.row.link.as_mut().unwrap().shared = true;
    let before = user.row.clone();
    assert!(!repair(&mut user.row, before.generation, names(), user.now));
    assert_eq!(user.row, before);
}

#[test]
fn a_field_that_was_never_given_is_not_repaired() {
    let mut user = TestUser::not_created();
    user.change([(Field::EMAIL, "ada@example.com")]);
    let before = user.row.clone();
    assert!(!repair(&mut user.row, before.generation, names(), user.now));
    assert_eq!(user.row, before);
}
