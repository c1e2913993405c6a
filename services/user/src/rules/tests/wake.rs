//! Rows whose wake-ups the stream has lost.

use contracts::Field;

use super::{
    attempt_results::failed,
    test_user::{SECOND, TestUser},
};
use crate::rules::wake_now;

fn wake(user: &mut TestUser) -> bool {
    wake_now(&mut user.row, user.now)
}

#[test]
fn a_row_that_waits_for_a_worker_is_due_at_once() {
    let mut user = TestUser::created();
    assert!(wake(&mut user));
    assert_eq!(user.row.wake_at, Some(user.now));
    assert!(!wake(&mut user), "it is due");
    user.row.wake_at = None;
    assert!(wake(&mut user));
}

#[test]
fn a_clean_claimed_or_failed_row_is_not_woken() {
    let clean = TestUser::confirmed();
    let mut claimed = TestUser::created();
    claimed.claim();
    let mut failed_once = TestUser::created();
    let claim = failed_once.claim();
    failed_once.report(failed(&claim, false));
    for mut user in [clean, claimed, failed_once] {
        user.now += SECOND / 2;
        let before = user.row.clone();
        assert!(!wake(&mut user));
        assert_eq!(user.row, before);
    }
}

#[test]
fn an_overdue_row_is_not_changed() {
    let mut user = TestUser::confirmed();
    user.change([(Field::FIRST_NAME, "Eva")]);
    user.now += user.timing.wake_up + SECOND;
    let before = user.row.clone();
    assert!(!wake(&mut user));
    assert_eq!(user.row, before);
}
