//! Rows that were announced to a stream that has lost it.

use contracts::Field;

use super::{
    desk::{Desk, SECOND},
    verdicts::failed,
};
use crate::rules::wake_now;

fn wake(desk: &mut Desk) -> bool {
    wake_now(&mut desk.row, desk.now)
}

#[test]
fn a_row_that_waits_is_due_at_once() {
    let mut desk = Desk::new();
    assert!(wake(&mut desk));
    assert_eq!(desk.row.wake_at, Some(desk.now));
    assert!(!wake(&mut desk), "it is due");
    desk.row.wake_at = None;
    assert!(wake(&mut desk));
}

#[test]
fn a_row_that_owes_nothing_is_out_or_has_failed_is_left_alone() {
    let settled = Desk::settled();
    let mut out = Desk::new();
    out.claim();
    let mut pausing = Desk::new();
    let claim = pausing.claim();
    pausing.record(failed(&claim, false));
    for mut desk in [settled, out, pausing] {
        desk.now += SECOND / 2;
        let before = desk.row.clone();
        assert!(!wake(&mut desk));
        assert_eq!(desk.row, before);
    }
}

#[test]
fn a_row_that_is_overdue_stays_as_it_is() {
    let mut desk = Desk::settled();
    desk.change([(Field::FIRST_NAME, "Eva")]);
    desk.now += desk.terms.wake_up + SECOND;
    let before = desk.row.clone();
    assert!(!wake(&mut desk));
    assert_eq!(desk.row, before);
}
