//! HubSpot no longer holds what it confirmed.

use contracts::{Field, FieldSet, Priority, SyncState};

use super::{desk::Desk, verdicts::done};
use crate::rules::repair;

fn names() -> FieldSet {
    FieldSet::from_iter([Field::FIRST_NAME, Field::LAST_NAME])
}

#[test]
fn what_differs_is_sent_again_behind_live_changes_and_its_receipt_stands() {
    let mut desk = Desk::settled();
    let generation = desk.row.generation;
    assert!(repair(&mut desk.row, generation, names(), desk.now));
    assert_eq!(desk.row.dirty_fields(), names());
    assert_eq!((desk.row.version, desk.row.priority), (1, Priority::Backfill));
    assert_eq!(desk.row.due_at(), Some(desk.now));
    let receipt = desk.receipt(1);
    assert_eq!((receipt.state, receipt.resending), (SyncState::Confirmed, true));
    let claim = desk.claim();
    desk.record(done(&claim));
    assert!(!desk.row.is_dirty());
}

#[test]
fn a_user_that_changed_since_is_left_alone() {
    let mut desk = Desk::settled();
    let generation = desk.row.generation;
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let before = desk.row.clone();
    assert!(!repair(&mut desk.row, generation, names(), desk.now));
    assert_eq!(desk.row, before);
}

#[test]
fn two_repairs_decided_at_the_same_turn_send_once() {
    let mut desk = Desk::settled();
    let generation = desk.row.generation;
    assert!(repair(&mut desk.row, generation, names(), desk.now));
    assert!(!repair(&mut desk.row, generation, names(), desk.now));
}

#[test]
fn users_who_share_a_contact_do_not_take_turns_in_it() {
    let mut desk = Desk::settled();
    desk.row.link.as_mut().unwrap().shared = true;
    let before = desk.row.clone();
    assert!(!repair(&mut desk.row, before.generation, names(), desk.now));
    assert_eq!(desk.row, before);
}

#[test]
fn a_field_that_was_never_given_is_not_sent() {
    let mut desk = Desk::empty();
    desk.change([(Field::EMAIL, "ada@example.com")]);
    let before = desk.row.clone();
    assert!(!repair(&mut desk.row, before.generation, names(), desk.now));
    assert_eq!(desk.row, before);
}
