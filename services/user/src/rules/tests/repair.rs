//! HubSpot no longer holds what it confirmed.

use contracts::{Field, FieldSet, Lane, State};

use super::{desk::Desk, verdicts::done};
use crate::rules::repair;

fn names() -> FieldSet {
    FieldSet::from_iter([Field::FirstName, Field::LastName])
}

#[test]
fn what_differs_is_sent_again_behind_live_changes_and_its_receipt_stands() {
    let mut desk = Desk::settled();
    let turn = desk.row.turn;
    assert!(repair(&mut desk.row, turn, names(), desk.now));
    assert_eq!(desk.row.owed(), names());
    assert_eq!((desk.row.version, desk.row.lane), (1, Lane::Backfill));
    assert_eq!(desk.row.due_at(), Some(desk.now));
    let receipt = desk.receipt(1);
    assert_eq!((receipt.state, receipt.resending), (State::Confirmed, true));
    let claim = desk.claim();
    desk.record(done(&claim));
    assert!(!desk.row.is_unsettled());
}

#[test]
fn a_user_that_changed_since_is_left_alone() {
    let mut desk = Desk::settled();
    let turn = desk.row.turn;
    desk.change([(Field::FirstName, "Eva")]);
    let before = desk.row.clone();
    assert!(!repair(&mut desk.row, turn, names(), desk.now));
    assert_eq!(desk.row, before);
}

#[test]
fn two_repairs_decided_at_the_same_turn_send_once() {
    let mut desk = Desk::settled();
    let turn = desk.row.turn;
    assert!(repair(&mut desk.row, turn, names(), desk.now));
    assert!(!repair(&mut desk.row, turn, names(), desk.now));
}

#[test]
fn users_who_share_a_contact_do_not_take_turns_in_it() {
    let mut desk = Desk::settled();
    desk.row.link.as_mut().unwrap().shared = true;
    let before = desk.row.clone();
    assert!(!repair(&mut desk.row, before.turn, names(), desk.now));
    assert_eq!(desk.row, before);
}

#[test]
fn a_field_that_was_never_given_is_not_sent() {
    let mut desk = Desk::empty();
    desk.change([(Field::Email, "ada@example.com")]);
    let before = desk.row.clone();
    assert!(!repair(&mut desk.row, before.turn, names(), desk.now));
    assert_eq!(desk.row, before);
}
