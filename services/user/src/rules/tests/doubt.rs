//! Calls that may be carried out late.

use contracts::{Field, FieldSet, Priority};

use super::{
    desk::{Desk, SECOND},
    verdicts::{done, may_be_late},
};

/// A first name whose call timed out, and a newer one that was confirmed.
fn doubted() -> Desk {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    desk.record(may_be_late(&claim));
    desk.change([(Field::FIRST_NAME, "Ida")]);
    let claim = desk.claim();
    desk.record(done(&claim));
    assert!(!desk.row.is_dirty());
    desk
}

#[test]
fn at_its_end_what_was_touched_since_is_owed_again_and_announced() {
    let mut desk = doubted();
    let version = desk.row.version;
    assert_eq!(desk.later(desk.terms.late_write - 1), None);
    assert_eq!(desk.later(1), Some(Priority::Live));
    assert_eq!(desk.row.dirty_fields(), FieldSet::from_iter([Field::FIRST_NAME]));
    assert_eq!((desk.row.version, desk.row.in_doubt), (version, None));
}

#[test]
fn what_was_not_touched_since_is_not_owed_again() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    desk.record(may_be_late(&claim));
    let claim = desk.claim();
    desk.record(done(&claim));
    assert_eq!(desk.later(desk.terms.late_write), None);
    assert!(!desk.row.is_dirty() && desk.row.in_doubt.is_none());
}

#[test]
fn doubts_join_from_the_lowest_version_to_the_latest_end() {
    let mut desk = doubted();
    let first = desk.row.in_doubt.unwrap();
    desk.now += SECOND;
    let claim = {
        desk.change([(Field::LAST_NAME, "Byron")]);
        desk.claim()
    };
    desk.record(may_be_late(&claim));
    let joined = desk.row.in_doubt.unwrap();
    assert_eq!(
        (joined.from_version, joined.until),
        (first.from_version, first.until + SECOND)
    );
}

#[test]
fn what_is_out_when_the_doubt_ends_is_owed_once_more_after_it() {
    let mut desk = doubted();
    desk.now += desk.terms.late_write - SECOND;
    desk.change([(Field::FIRST_NAME, "Eve")]);
    let claim = desk.claim();
    desk.later(SECOND);
    desk.record(done(&claim));
    assert!(desk.row.fields[Field::FIRST_NAME].is_dirty());
}

#[test]
fn a_success_of_a_later_call_does_not_end_the_doubt_of_an_earlier_one() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    let claim = desk.claim();
    let mut verdict = done(&claim);
    verdict.may_apply_late = true;
    desk.record(verdict);
    assert!(!desk.row.is_dirty());
    assert_eq!(desk.row.in_doubt.unwrap().from_version, claim.version);
    assert_eq!(desk.row.due_at(), Some(desk.now + desk.terms.late_write));
}

#[test]
fn a_clock_that_stepped_back_starts_the_doubt_anew_and_does_not_end_it_early() {
    for step in [1, SECOND, 10 * 120 * SECOND] {
        let mut desk = doubted();
        desk.now -= step;
        assert_eq!(desk.sweep(), None);
        assert_eq!(desk.row.in_doubt.unwrap().until, desk.now + desk.terms.late_write);
        assert_eq!(desk.later(desk.terms.late_write), Some(Priority::Live));
        assert_eq!(desk.row.in_doubt, None);
    }
}
