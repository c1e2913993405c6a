//! Handing a user out.

use contracts::{Field, FieldSet};

use super::{
    desk::{Desk, SECOND},
    verdicts::done,
};
use crate::rules::Claimed;

#[test]
fn a_user_that_owes_is_given_with_all_values_and_the_owed_ones_marked() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    assert_eq!(
        (claim.version, claim.generation),
        (desk.row.version, desk.row.generation)
    );
    assert_eq!(claim.dirty, FieldSet::from_iter([Field::FIRST_NAME]));
    assert_eq!(claim.values[&Field::LAST_NAME].as_deref(), Some("lastName"));
    assert_eq!(claim.link.unwrap().contact_id, "c1");
}

#[test]
fn a_user_that_owes_nothing_is_not_given() {
    let mut desk = Desk::settled();
    let before = desk.row.clone();
    assert_eq!(desk.try_claim(), Claimed::Clean);
    assert_eq!(desk.row, before);
}

#[test]
fn an_attempt_within_its_term_is_in_work_and_past_it_is_given_up_with_a_doubt() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let first = desk.claim();
    desk.now += desk.terms.attempt - 1;
    assert_eq!(desk.try_claim(), Claimed::InProgress);
    assert_eq!(desk.row.in_doubt, None);
    desk.now += 1;
    let second = desk.claim();
    assert_eq!(second.attempt.get(), first.attempt.get() + 1);
    let doubt = desk.row.in_doubt.unwrap();
    assert_eq!(
        (doubt.from_version, doubt.until),
        (first.version, desk.now + desk.terms.late_write)
    );
}

#[test]
fn an_attempt_of_an_older_epoch_is_given_up_at_once() {
    let mut desk = Desk::new();
    let first = desk.claim();
    (desk.epoch, desk.holder) = (2, "worker-b".to_owned());
    let second = desk.claim();
    assert_eq!((first.attempt.get(), second.attempt.get()), (1, 2));
    assert_eq!(desk.row.in_doubt.unwrap().until, desk.now + desk.terms.late_write);
    assert_eq!(desk.row.holder, "worker-b");
}

#[test]
fn a_claim_moves_the_wake_up_only_when_little_of_it_is_left() {
    for past in [0, SECOND, Desk::new().terms.wake_up / 2] {
        let mut desk = Desk::new();
        let wake_at = desk.row.wake_at.unwrap();
        desk.now += past;
        desk.claim();
        assert_eq!(desk.row.wake_at, Some(wake_at));
    }
    let mut desk = Desk::new();
    desk.now += desk.terms.wake_up / 2 + SECOND;
    desk.claim();
    assert_eq!(desk.row.wake_at, Some(desk.now + desk.terms.wake_up));
}

#[test]
fn a_clock_that_stepped_back_does_not_put_the_wake_up_off_for_longer_than_its_term() {
    let mut desk = Desk::new();
    desk.now -= 10 * desk.terms.wake_up;
    desk.claim();
    assert_eq!(desk.row.wake_at, Some(desk.now + desk.terms.wake_up));
}

#[test]
fn the_link_of_another_account_is_not_given() {
    let mut desk = Desk::settled();
    desk.row.link.as_mut().unwrap().account_id = "another".to_owned();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    assert_eq!(claim.link, None);
    desk.record(done(&claim));
}

#[test]
fn a_clock_that_stepped_back_does_not_keep_an_attempt_for_longer_than_its_term() {
    let mut desk = Desk::new();
    desk.claim();
    desk.now -= 10 * desk.terms.attempt;
    assert!(matches!(desk.try_claim(), Claimed::Given(_)));
}
