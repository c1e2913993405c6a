//! Taking verdicts.

use std::collections::BTreeSet;

use contracts::{AttemptResult, Field, FieldResult, FieldSet, NextAction, SyncState};

use super::{
    desk::{Desk, SECOND},
    verdicts::{all, done, failed, may_be_late, refused, verdict},
};
use crate::rules::{self, UnixMs};

/// A linked user with a change of its first name.
fn changed() -> Desk {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    desk
}

#[test]
fn each_field_settles_with_its_own_outcome() {
    let mut desk = changed();
    desk.change([(Field::LAST_NAME, "bad")]);
    let claim = desk.claim();
    let effects = desk.record(refused(&claim, Field::LAST_NAME));
    assert_eq!((effects.next, effects.is_resolved), (NextAction::Clean, true));
    assert_eq!(desk.receipt(2).state, SyncState::Confirmed);
    let receipt = desk.receipt(3);
    assert_eq!(receipt.state, SyncState::Rejected);
    assert_eq!(
        receipt.fields[&Field::LAST_NAME].reason.as_ref().unwrap().code,
        "INVALID_VALUE"
    );
    assert_eq!((desk.row.wake_at, desk.row.open_attempt.clone()), (None, None));
}

#[test]
fn a_refusal_that_is_taken_back_is_owed_again_unless_it_stands_otherwise_by_then() {
    let mut desk = changed();
    let claim = desk.claim();
    desk.record(refused(&claim, Field::FIRST_NAME));
    let withdraw = |desk: &mut Desk, code| rules::retract(&mut desk.row, Field::FIRST_NAME, code, desk.now);
    withdraw(&mut desk, "ANOTHER_CODE");
    assert!(!desk.row.is_dirty());
    withdraw(&mut desk, "INVALID_VALUE");
    assert_eq!(desk.row.dirty_fields(), FieldSet::from_iter([Field::FIRST_NAME]));
    assert_eq!(desk.row.wake_at, Some(desk.now));
    let receipt = desk.receipt(2);
    assert_eq!((receipt.state, receipt.resending), (SyncState::Rejected, true));
    let claim = desk.claim();
    desk.record(done(&claim));
    withdraw(&mut desk, "INVALID_VALUE");
    assert!(!desk.row.is_dirty());
}

#[test]
fn a_field_without_an_outcome_stays_owed() {
    let mut desk = changed();
    desk.change([(Field::LAST_NAME, "Byron")]);
    let claim = desk.claim();
    let outcomes = [(Field::FIRST_NAME, FieldResult::Confirmed)].into();
    let effects = desk.record(AttemptResult {
        field_results: outcomes,
        ..verdict(&claim)
    });
    assert_eq!(
        (effects.next, desk.row.dirty_fields()),
        (NextAction::Now, FieldSet::from_iter([Field::LAST_NAME]))
    );
    assert!(desk.row.wake_at.is_some());
}

#[test]
fn an_outcome_for_a_field_that_was_not_to_be_sent_is_ignored() {
    let mut desk = changed();
    let claim = desk.claim();
    let mut verdict = done(&claim);
    verdict
        .field_results
        .insert(Field::LAST_NAME, FieldResult::NotFound);
    desk.record(verdict);
    assert_eq!(
        desk.row.fields[Field::LAST_NAME].result,
        Some(FieldResult::Confirmed)
    );
}

#[test]
fn a_repeated_verdict_changes_nothing() {
    let mut desk = changed();
    let claim = desk.claim();
    desk.record(may_be_late(&claim));
    let before = desk.row.clone();
    desk.now += SECOND / 2;
    let effects = desk.record(may_be_late(&claim));
    assert_eq!(desk.row, before);
    assert!(
        !effects.is_resolved && matches!(effects.next, NextAction::Later { .. }),
        "{effects:?}"
    );
}

#[test]
fn a_verdict_of_an_overtaken_attempt_settles_nothing_and_owes_what_it_may_have_overwritten() {
    let mut desk = changed();
    let old = desk.claim();
    desk.change([(Field::FIRST_NAME, "Ida")]);
    desk.epoch += 1;
    let new = desk.claim();
    desk.record(done(&new));
    assert!(!desk.row.is_dirty());
    let effects = desk.record(done(&old));
    assert_eq!(effects.next, NextAction::Superseded);
    assert_eq!(desk.row.dirty_fields(), FieldSet::from_iter([Field::FIRST_NAME]));
    assert_eq!(desk.row.wake_at, Some(desk.now));
    let receipt = desk.receipt(3);
    assert_eq!((receipt.state, receipt.resending), (SyncState::Confirmed, true));
}

#[test]
fn a_verdict_of_an_overtaken_attempt_that_wrote_nothing_newer_changes_no_field() {
    let mut desk = changed();
    let old = desk.claim();
    desk.epoch += 1;
    let new = desk.claim();
    desk.record(done(&new));
    let before = desk.row.clone();
    desk.record(failed(&old, true));
    assert_eq!(desk.row, before, "nothing was written");
    desk.record(done(&old));
    assert_eq!(desk.row, before, "nothing was touched since");
    desk.now += SECOND;
    desk.record(may_be_late(&old));
    assert_eq!(desk.row.in_doubt.unwrap().until, desk.now + desk.terms.late_write);
}

#[test]
fn another_holder_with_the_same_number_is_no_holder_of_the_open_attempt() {
    let mut desk = changed();
    let claim = desk.claim();
    desk.holder = "somebody".to_owned();
    assert_eq!(desk.record(done(&claim)).next, NextAction::Superseded);
    assert!(desk.row.open_attempt.is_some() && desk.row.is_dirty());
}

#[test]
fn failures_double_their_pause_and_do_not_park_unless_charged() {
    let mut desk = changed();
    for doublings in 0..12 {
        let claim = desk.claim();
        assert_eq!(desk.row.failures, doublings);
        let NextAction::Later { in_ms } = desk.record(failed(&claim, false)).next else {
            panic!("it is due later");
        };
        let middle = (SECOND << doublings.min(6)).min(60 * SECOND);
        let in_ms = UnixMs::try_from(in_ms).unwrap();
        assert!(
            (middle * 3 / 4..=middle * 5 / 4).contains(&in_ms),
            "{in_ms} after {doublings}"
        );
        desk.now += in_ms;
    }
    let receipt = desk.receipt(2);
    assert_eq!(
        (receipt.state, receipt.last_failure.unwrap().code),
        (SyncState::Pending, "TIMED_OUT".to_owned())
    );
    let claim = desk.claim();
    desk.record(done(&claim));
    assert_eq!((desk.row.failures, desk.receipt(2).last_failure), (0, None));
}

#[test]
fn users_who_failed_together_come_back_apart() {
    let pauses: BTreeSet<UnixMs> = (0..100)
        .map(|number| {
            let mut desk = changed();
            desk.row.user_id = format!("user-{number:02}").parse().unwrap();
            let claim = desk.claim();
            desk.record(failed(&claim, false));
            desk.row.wake_at.unwrap() - desk.now
        })
        .collect();
    let (first, last) = (pauses.first().unwrap(), pauses.last().unwrap());
    assert!(
        pauses.len() > 50 && last - first > SECOND / 3,
        "{first} to {last}, {} different",
        pauses.len()
    );
}

#[test]
fn five_charges_park_the_record() {
    let mut desk = changed();
    for charges in 1..=5 {
        let claim = desk.claim();
        let effects = desk.record(failed(&claim, true));
        assert_eq!(effects.next == NextAction::Clean, charges == 5, "{effects:?}");
        desk.now += 60 * SECOND;
    }
    assert_eq!(desk.receipt(2).state, SyncState::Failed);
    assert_eq!(desk.row.counted_failures, 0);
}

#[test]
fn parking_leaves_alone_what_the_same_verdict_settled() {
    let mut desk = changed();
    desk.change([(Field::LAST_NAME, "Byron")]);
    for _ in 0..4 {
        let claim = desk.claim();
        desk.record(failed(&claim, true));
    }
    let claim = desk.claim();
    let mut partly = failed(&claim, true);
    partly.field_results = [(Field::FIRST_NAME, FieldResult::Confirmed)].into();
    desk.record(partly);
    assert_eq!(
        (desk.receipt(2).state, desk.receipt(3).state),
        (SyncState::Confirmed, SyncState::Failed)
    );
}

#[test]
fn a_failure_that_leaves_nothing_owed_is_none() {
    let mut desk = changed();
    let claim = desk.claim();
    let failure = failed(&claim, true).failure;
    desk.record(AttemptResult {
        failure,
        ..done(&claim)
    });
    assert_eq!((desk.row.failures, desk.row.counted_failures), (0, 0));
    assert_eq!(desk.receipt(2).last_failure, None);
}

#[test]
fn a_success_takes_back_the_charges() {
    let mut desk = changed();
    for _ in 0..4 {
        let claim = desk.claim();
        desk.record(failed(&claim, true));
    }
    let claim = desk.claim();
    desk.record(done(&claim));
    desk.change([(Field::FIRST_NAME, "Ida")]);
    let claim = desk.claim();
    desk.record(failed(&claim, true));
    assert_eq!(
        (desk.row.counted_failures, desk.receipt(3).state),
        (1, SyncState::Pending)
    );
}

#[test]
fn a_verdict_of_an_attempt_from_the_future_settles_nothing() {
    let mut desk = changed();
    let claim = desk.claim();
    let mut future = all(&claim, &FieldResult::Confirmed);
    future.attempt = claim.attempt.checked_add(5).unwrap();
    assert_eq!(desk.record(future).next, NextAction::Superseded);
    assert!(
        desk.row.is_dirty(),
        "a database restored to an older state knows fewer attempts"
    );
}
