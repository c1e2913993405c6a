//! Retries that an operator asks for.

use contracts::{Field, FieldResult, Priority, SyncState};

use super::{
    attempt_results::{all_confirmed, all_with, contact_found, failed, reason},
    test_user::{SECOND, TestUser},
};
use crate::rules::retry;

fn retry_live(user: &mut TestUser) -> bool {
    retry(&mut user.row, Priority::Live, user.now)
}

#[test]
fn a_retry_sends_every_problem_again_and_keeps_the_receipt() {
    let reason = reason("CODE");
    let results = [
        FieldResult::Rejected {
            reason: reason.clone(),
        },
        FieldResult::Conflict {
            reason: reason.clone(),
        },
        FieldResult::NotFound,
        FieldResult::Failed {
            reason,
            is_transient: false,
        },
    ];
    for result in results {
        let mut user = TestUser::created();
        let claim = user.claim();
        user.report(all_with(&claim, &result));
        let before = user.receipt(1);
        assert!(retry_live(&mut user), "{result:?}");
        assert_eq!(user.receipt(1).state, before.state);
        assert!(user.receipt(1).resending);
        assert_eq!((user.row.version, user.row.due_at()), (1, Some(user.now)));
        assert!(!retry_live(&mut user), "it is being sent");
        let claim = user.claim();
        user.report(contact_found(&claim, "c1", contracts::LinkOrigin::PrimaryAddress));
        let claim = user.claim();
        user.report(all_confirmed(&claim));
        assert_eq!(user.receipt(1).state, SyncState::Confirmed, "{result:?}");
    }
}

#[test]
fn a_retry_skips_fields_without_a_problem() {
    let mut user = TestUser::confirmed();
    let before = user.row.clone();
    assert!(!retry_live(&mut user));
    assert_eq!(user.row, before);
    user.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "bad")]);
    let claim = user.claim();
    let mut partly = all_confirmed(&claim);
    let rejection = FieldResult::Rejected { reason: reason("A") };
    partly.field_results.insert(Field::LAST_NAME, rejection);
    user.report(partly);
    assert!(retry_live(&mut user));
    assert_eq!(
        user.row.dirty_fields().iter().collect::<Vec<_>>(),
        [Field::LAST_NAME]
    );
}

#[test]
fn a_retry_ends_the_pause_after_a_failure() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(failed(&claim, false));
    assert!(user.row.wake_at > Some(user.now));
    assert!(retry_live(&mut user));
    assert_eq!(user.row.wake_at, Some(user.now));
}

#[test]
fn a_retry_skips_users_that_are_due_or_in_an_attempt() {
    let mut claimed = TestUser::created();
    claimed.claim();
    for mut user in [TestUser::created(), claimed] {
        user.now += SECOND;
        let before = user.row.clone();
        assert!(!retry_live(&mut user));
        assert_eq!(user.row, before);
    }
}

#[test]
fn a_retry_of_many_users_has_backfill_priority() {
    let mut user = TestUser::created();
    let claim = user.claim();
    user.report(all_with(&claim, &FieldResult::NotFound));
    assert!(retry(&mut user.row, Priority::Backfill, user.now));
    assert_eq!(user.row.priority, Priority::Backfill);
    user.change([(Field::FIRST_NAME, "Eva")]);
    assert_eq!(user.row.priority, Priority::Live);
}
