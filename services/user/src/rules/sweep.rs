//! Handles rows that are due: late-write windows that end, rechecks, and wake-ups that were lost.

use contracts::{Priority, WriteTarget};

use super::{
    Row, RuleTiming, UnixMs, dirty::mark_dirty, late_writes::end_late_write_window,
    results::rechecked_fields, timing::is_due,
};

/// What follows from handling a row that is due, besides the changed row.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DueEffects {
    /// The priority of the wake-up to publish, if one has to be.
    pub wake_up: Option<Priority>,
    /// Contacts to which HubSpot may have applied a late call. Other users that are linked to one of them are sent again.
    pub overwritten: Vec<WriteTarget>,
}

/// Does everything that is due on a row.
pub fn handle_due(row: &mut Row, now: UnixMs, timing: &RuleTiming) -> DueEffects {
    let overwritten = end_late_write_window(row, now, timing);
    if row.was_linked {
        row.forget_impossible_creates(now);
    }
    recheck(row, now);
    DueEffects {
        wake_up: take_due_wake_up(row, now, timing),
        overwritten,
    }
}

/// If the row is due, returns the priority of the wake-up to publish. The row is next due a minute later, in case that wake-up is lost.
pub fn take_due_wake_up(row: &mut Row, now: UnixMs, timing: &RuleTiming) -> Option<Priority> {
    let wake_at = row.wake_at.filter(|_| row.is_dirty())?;
    if !is_due(wake_at, now, timing.max_wake_up_distance()) {
        return None;
    }
    row.wake_at = Some(now + timing.wake_up);
    Some(row.priority)
}

/// Makes a row due whose wake-up was lost. Returns whether it changed.
pub fn wake_now(row: &mut Row, now: UnixMs) -> bool {
    let waits = row.is_dirty() && row.open_attempt.is_none() && row.failures == 0;
    let waits = waits && row.wake_at.is_none_or(|wake_at| wake_at > now);
    if waits {
        row.wake_at = Some(now);
    }
    waits
}

/// Tries fields again whose problem may have passed.
fn recheck(row: &mut Row, now: UnixMs) {
    let due = row
        .recheck_at
        .take_if(|at| is_due(*at, now, RuleTiming::max_recheck_distance()))
        .is_some();
    if due {
        let fields = rechecked_fields(row);
        mark_dirty(row, fields, Priority::Backfill, now);
    }
}
