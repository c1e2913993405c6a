//! Owing again: the turn grows, the version stays.

use contracts::{FieldSet, Lane};

use super::{Row, UnixMs};

/// Owes those fields once more and makes the row due at once.
///
/// The version stays, so receipts and entity tags do, and since "touched since" compares versions, owing again
/// never breeds owing again. A field no caller ever gave has nothing to say and is never owed.
/// Returns whether anything is owed by it.
pub(super) fn owe_again(row: &mut Row, fields: FieldSet, lane: Lane, now: UnixMs) -> bool {
    let given = row.fields_where(|state| state.touched > 0);
    let mut again = fields.iter().filter(|field| given.contains(*field)).peekable();
    if again.peek().is_none() {
        return false;
    }
    row.lane = if row.is_unsettled() {
        row.lane.min(lane)
    } else {
        lane
    };
    row.turn += 1;
    for field in again {
        row.fields[field].owed = row.turn;
    }
    row.wake_at = Some(now);
    true
}

/// The fields a caller touched after that version.
pub(super) fn touched_after(row: &Row, version: u64) -> FieldSet {
    row.fields_where(|state| state.touched > version)
}
