//! An operator has a user tried again.

use contracts::{Field, FieldResult, Priority, SyncState};

use super::{
    desk::{Desk, SECOND},
    verdicts::{all, done, failed, found, reason},
};
use crate::rules::retry;

fn again(desk: &mut Desk) -> bool {
    retry(&mut desk.row, Priority::Live, desk.now)
}

#[test]
fn what_is_in_trouble_is_owed_again_and_its_receipt_stands_until_then() {
    let reason = reason("CODE");
    let outcomes = [
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
    for outcome in outcomes {
        let mut desk = Desk::new();
        let claim = desk.claim();
        desk.record(all(&claim, &outcome));
        let before = desk.receipt(1);
        assert!(again(&mut desk), "{outcome:?}");
        assert_eq!(desk.receipt(1).state, before.state);
        assert!(desk.receipt(1).resending);
        assert_eq!((desk.row.version, desk.row.due_at()), (1, Some(desk.now)));
        assert!(!again(&mut desk), "it is being sent");
        let claim = desk.claim();
        desk.record(found(&claim, "c1", contracts::LinkOrigin::PrimaryAddress));
        let claim = desk.claim();
        desk.record(done(&claim));
        assert_eq!(desk.receipt(1).state, SyncState::Confirmed, "{outcome:?}");
    }
}

#[test]
fn what_is_well_is_not_sent_again() {
    let mut desk = Desk::settled();
    let before = desk.row.clone();
    assert!(!again(&mut desk));
    assert_eq!(desk.row, before);
    desk.change([(Field::FIRST_NAME, "Eva"), (Field::LAST_NAME, "bad")]);
    let claim = desk.claim();
    let mut partly = done(&claim);
    let refused = FieldResult::Rejected { reason: reason("A") };
    partly.field_results.insert(Field::LAST_NAME, refused);
    desk.record(partly);
    assert!(again(&mut desk));
    assert_eq!(
        desk.row.dirty_fields().iter().collect::<Vec<_>>(),
        [Field::LAST_NAME]
    );
}

#[test]
fn a_pause_after_a_failure_is_over() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(failed(&claim, false));
    assert!(desk.row.wake_at > Some(desk.now));
    assert!(again(&mut desk));
    assert_eq!(desk.row.wake_at, Some(desk.now));
}

#[test]
fn what_is_announced_or_out_is_left_alone() {
    let mut out = Desk::new();
    out.claim();
    for mut desk in [Desk::new(), out] {
        desk.now += SECOND;
        let before = desk.row.clone();
        assert!(!again(&mut desk));
        assert_eq!(desk.row, before);
    }
}

#[test]
fn many_at_once_go_behind_live_changes() {
    let mut desk = Desk::new();
    let claim = desk.claim();
    desk.record(all(&claim, &FieldResult::NotFound));
    assert!(retry(&mut desk.row, Priority::Backfill, desk.now));
    assert_eq!(desk.row.priority, Priority::Backfill);
    desk.change([(Field::FIRST_NAME, "Eva")]);
    assert_eq!(desk.row.priority, Priority::Live);
}
