//! Problems that may pass are tried again.

use contracts::{Field, FieldResult, Priority, SyncState};

use super::{
    attempt_results::{all_confirmed, all_with, contact_found, failed, reason},
    test_user::{SECOND, TestUser},
};

const PAUSES: [i64; 5] = [60, 600, 3_600, 86_400, 86_400];

#[test]
fn not_found_is_rechecked_after_growing_pauses() {
    let mut user = TestUser::created();
    for pause in PAUSES {
        let claim = user.claim();
        user.report(all_with(&claim, &FieldResult::NotFound));
        assert_eq!(user.receipt(1).state, SyncState::NotFound);
        assert_eq!(user.row.recheck_at, Some(user.now + pause * SECOND));
        assert_eq!(user.advance(pause * SECOND - 1), None);
        assert_eq!(user.advance(1), Some(Priority::Backfill));
        assert!(user.receipt(1).resending);
    }
    let claim = user.claim();
    user.report(contact_found(&claim, "c1", contracts::LinkOrigin::PrimaryAddress));
    let claim = user.claim();
    user.report(all_confirmed(&claim));
    assert_eq!((user.row.recheck_at, user.row.rechecks), (None, 0));
    assert_eq!(user.receipt(1).state, SyncState::Confirmed);
}

#[test]
fn a_change_resets_the_pauses() {
    let mut user = TestUser::created();
    for _ in 0..3 {
        let claim = user.claim();
        user.report(all_with(&claim, &FieldResult::NotFound));
        user.now = user.row.recheck_at.unwrap();
        user.sweep();
    }
    user.change([(Field::FIRST_NAME, "Eva")]);
    let claim = user.claim();
    user.report(all_with(&claim, &FieldResult::NotFound));
    assert_eq!(user.row.recheck_at, Some(user.now + 60 * SECOND));
}

#[test]
fn permanent_problems_are_not_rechecked() {
    let reason = reason("CODE");
    let results = [
        (
            FieldResult::Rejected {
                reason: reason.clone(),
            },
            false,
        ),
        (
            FieldResult::Conflict {
                reason: reason.clone(),
            },
            true,
        ),
        (
            FieldResult::Failed {
                reason: reason.clone(),
                is_transient: true,
            },
            true,
        ),
        (
            FieldResult::Failed {
                reason,
                is_transient: false,
            },
            false,
        ),
    ];
    for (result, is_rechecked) in results {
        let mut user = TestUser::created();
        let claim = user.claim();
        user.report(all_with(&claim, &result));
        assert_eq!(user.row.recheck_at.is_some(), is_rechecked, "{result:?}");
    }
}

#[test]
fn a_transient_failure_is_rechecked() {
    let mut user = TestUser::created();
    for _ in 0..5 {
        let claim = user.claim();
        user.report(failed(&claim, true));
    }
    assert_eq!(user.receipt(1).state, SyncState::Failed);
    assert_eq!(user.advance(60 * SECOND), Some(Priority::Backfill));
}

#[test]
fn a_recheck_does_not_lower_the_priority_of_a_live_user() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(all_with(&claim, &FieldResult::NotFound));
    user.now += 59 * SECOND;
    user.change([(Field::FIRST_NAME, "Eva")]);
    user.advance(SECOND);
    assert_eq!(user.row.priority, Priority::Live);
}
