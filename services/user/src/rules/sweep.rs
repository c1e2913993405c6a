//! What time brings: doubts that end, rechecks, wake-ups that were lost.

use contracts::Priority;

use super::{
    Row, RuleTiming, UnixMs,
    outcome::rechecked_fields,
    owe::{owe_again, touched_after},
    terms::has_come,
};

/// Does what is due on a row. Returns the lane in which it is to be announced, if it is.
pub fn sweep(row: &mut Row, now: UnixMs, terms: &RuleTiming) -> Option<Priority> {
    end_doubt(row, now, terms);
    recheck(row, now);
    let wake_at = row.wake_at.filter(|_| row.is_dirty())?;
    if !has_come(wake_at, now, terms.horizon()) {
        return None;
    }
    row.wake_at = Some(now + terms.wake_up);
    Some(row.priority)
}

/// Makes a row due that was announced to a stream that has lost it. Returns whether it changed.
pub fn wake_now(row: &mut Row, now: UnixMs) -> bool {
    let waits = row.is_dirty() && row.open_attempt.is_none() && row.failures == 0;
    let waits = waits && row.wake_at.is_none_or(|wake_at| wake_at > now);
    if waits {
        row.wake_at = Some(now);
    }
    waits
}

/// A late call can no longer happen. If it did, it stands over what a caller touched after the version it carried:
/// that is owed once more, even if it is owed already or out. What was not touched since holds the same value.
///
/// A clock that stepped back must not end a doubt early: one that lies further ahead than its term starts anew.
fn end_doubt(row: &mut Row, now: UnixMs, terms: &RuleTiming) {
    if let Some(doubt) = &mut row.in_doubt {
        doubt.until = doubt.until.min(now + terms.late_write);
    }
    if let Some(doubt) = row.in_doubt.take_if(|doubt| doubt.until <= now) {
        let newer = touched_after(row, doubt.from_version);
        owe_again(row, newer, Priority::Live, now);
    }
}

/// What was missing, taken or parked for a passing reason is tried once more.
fn recheck(row: &mut Row, now: UnixMs) {
    let due = row
        .recheck_at
        .take_if(|at| has_come(*at, now, RuleTiming::recheck_horizon()))
        .is_some();
    if due {
        let fields = rechecked_fields(row);
        owe_again(row, fields, Priority::Backfill, now);
    }
}
