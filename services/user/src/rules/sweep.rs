//! Handles rows that are due: late-write windows that end, rechecks, and wake-ups that were lost.

use contracts::Priority;

use super::{
    Row, RuleTiming, UnixMs,
    dirty::{changed_after, mark_dirty},
    results::rechecked_fields,
    timing::is_due,
};

/// Does everything that is due on a row. If a wake-up has to be published, returns its priority.
pub fn handle_due(row: &mut Row, now: UnixMs, timing: &RuleTiming) -> Option<Priority> {
    end_late_write_window(row, now, timing);
    recheck(row, now);
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

/// Ends the window in which HubSpot may apply a late call. If it did, the call replaced values that callers changed after its version.
/// Those fields are sent again, even if they are dirty already or being sent. Other fields have the value that the call wrote.
///
/// If the clock stepped back, the window would end too late. It then ends a whole term from now, and never earlier.
fn end_late_write_window(row: &mut Row, now: UnixMs, timing: &RuleTiming) {
    if let Some(window) = &mut row.in_doubt {
        window.until = window.until.min(now + timing.late_write);
    }
    if let Some(window) = row.in_doubt.take_if(|window| window.until <= now) {
        let newer = changed_after(row, window.from_version);
        mark_dirty(row, newer, Priority::Live, now);
    }
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
