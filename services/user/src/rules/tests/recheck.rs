//! What time may mend is looked at again.

use contracts::{Field, FieldResult, Priority, SyncState};

use super::{
    desk::{Desk, SECOND},
    verdicts::{all, done, failed, found, reason},
};

const PAUSES: [i64; 5] = [60, 600, 3_600, 86_400, 86_400];

#[test]
fn what_is_missing_is_rechecked_in_the_back_fill_lane_ever_more_seldom() {
    let mut desk = Desk::new();
    for pause in PAUSES {
        let claim = desk.claim();
        desk.record(all(&claim, &FieldResult::NotFound));
        assert_eq!(desk.receipt(1).state, SyncState::NotFound);
        assert_eq!(desk.row.recheck_at, Some(desk.now + pause * SECOND));
        assert_eq!(desk.later(pause * SECOND - 1), None);
        assert_eq!(desk.later(1), Some(Priority::Backfill));
        assert!(desk.receipt(1).resending);
    }
    let claim = desk.claim();
    desk.record(found(&claim, "c1", contracts::LinkOrigin::PrimaryAddress));
    let claim = desk.claim();
    desk.record(done(&claim));
    assert_eq!((desk.row.recheck_at, desk.row.rechecks), (None, 0));
    assert_eq!(desk.receipt(1).state, SyncState::Confirmed);
}

#[test]
fn a_change_starts_the_pauses_anew() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        let claim = desk.claim();
        desk.record(all(&claim, &FieldResult::NotFound));
        desk.now = desk.row.recheck_at.unwrap();
        desk.sweep();
    }
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    desk.record(all(&claim, &FieldResult::NotFound));
    assert_eq!(desk.row.recheck_at, Some(desk.now + 60 * SECOND));
}

#[test]
fn refusals_and_what_is_parked_for_good_are_not_rechecked() {
    let reason = reason("CODE");
    let outcomes = [
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
    for (outcome, is_rechecked) in outcomes {
        let mut desk = Desk::new();
        let claim = desk.claim();
        desk.record(all(&claim, &outcome));
        assert_eq!(desk.row.recheck_at.is_some(), is_rechecked, "{outcome:?}");
    }
}

#[test]
fn what_was_parked_for_a_passing_reason_is_rechecked() {
    let mut desk = Desk::new();
    for _ in 0..5 {
        let claim = desk.claim();
        desk.record(failed(&claim, true));
    }
    assert_eq!(desk.receipt(1).state, SyncState::Failed);
    assert_eq!(desk.later(60 * SECOND), Some(Priority::Backfill));
}

#[test]
fn a_recheck_does_not_push_a_live_user_into_the_back_fill_lane() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(all(&claim, &FieldResult::NotFound));
    desk.now += 59 * SECOND;
    desk.change([(Field::FIRST_NAME, "Eva")]);
    desk.later(SECOND);
    assert_eq!(desk.row.priority, Priority::Live);
}
