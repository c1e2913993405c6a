//! Giving a user to a worker.

use contracts::{Field, FieldSet};

use super::{
    attempt_results::all_confirmed,
    test_user::{SECOND, TestUser},
};
use crate::rules::Claimed;

#[test]
fn a_claim_has_all_values_and_names_the_dirty_fields() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    assert_eq!(
        (claim.version, claim.generation),
        (user.row.version, user.row.generation)
    );
    assert_eq!(claim.dirty, FieldSet::from_iter([Field::FIRST_NAME]));
    assert_eq!(claim.values[&Field::LAST_NAME], Some("lastName".into()));
    assert_eq!(claim.link.unwrap().contact_id, "c1");
}

#[test]
fn a_clean_user_is_not_given() {
    let mut user = TestUser::confirmed();
    let before = user.row.clone();
    assert_eq!(user.try_claim(), Claimed::Clean);
    assert_eq!(user.row, before);
}

#[test]
fn an_attempt_past_its_term_is_given_up() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let first = user.claim();
    user.now += user.timing.attempt - 1;
    assert_eq!(user.try_claim(), Claimed::InProgress);
    assert_eq!(user.row.in_doubt, None);
    user.now += 1;
    let second = user.claim();
    assert_eq!(second.attempt.get(), first.attempt.get() + 1);
    let window = user.row.in_doubt.clone().unwrap();
    assert_eq!(
        (window.from_version, window.until),
        (first.version, user.now + user.timing.late_write)
    );
}

#[test]
fn an_attempt_of_an_older_epoch_is_given_up_at_once() {
    let mut user = TestUser::created();
    let first = user.claim();
    (user.epoch, user.holder) = (2, "worker-b".to_owned());
    let second = user.claim();
    assert_eq!((first.attempt.get(), second.attempt.get()), (1, 2));
    assert_eq!(
        user.row.in_doubt.clone().unwrap().until,
        user.now + user.timing.late_write
    );
    assert_eq!(user.row.holder, "worker-b");
}

#[test]
fn a_claim_moves_a_wake_up_that_is_near() {
    for past in [0, SECOND, TestUser::created().timing.wake_up / 2] {
        let mut user = TestUser::created();
        let wake_at = user.row.wake_at.unwrap();
        user.now += past;
        user.claim();
        assert_eq!(user.row.wake_at, Some(wake_at));
    }
    let mut user = TestUser::created();
    user.now += user.timing.wake_up / 2 + SECOND;
    user.claim();
    assert_eq!(user.row.wake_at, Some(user.now + user.timing.wake_up));
}

#[test]
fn a_clock_step_back_does_not_postpone_the_wake_up() {
    let mut user = TestUser::created();
    user.now -= 10 * user.timing.wake_up;
    user.claim();
    assert_eq!(user.row.wake_at, Some(user.now + user.timing.wake_up));
}

#[test]
fn the_link_of_another_account_is_not_given() {
    let mut user = TestUser::confirmed();
    user.row.link.as_mut().unwrap().account_id = "another".to_owned();
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    assert_eq!(claim.link, None);
    user.report(all_confirmed(&claim));
}

#[test]
fn a_clock_step_back_does_not_extend_an_attempt() {
    let mut user = TestUser::created();
    user.claim();
    user.now -= 10 * user.timing.attempt;
    assert!(matches!(user.try_claim(), Claimed::Given(_)));
}
