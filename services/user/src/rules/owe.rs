//! Owing again: the turn grows, the version stays.

use contracts::{Field, FieldResult, FieldSet, Priority};

use super::{Row, UnixMs};

/// Owes those fields once more and makes the row due at once.
///
/// The version stays, so receipts and entity tags do, and since "touched since" compares versions, owing again
/// never breeds owing again. A field no caller ever gave has nothing to say and is never owed.
/// Returns whether anything is owed by it.
pub(super) fn owe_again(row: &mut Row, fields: FieldSet, priority: Priority, now: UnixMs) -> bool {
    let given = row.fields_where(|state| state.changed_in > 0);
    let mut again = fields.iter().filter(|field| given.contains(*field)).peekable();
    if again.peek().is_none() {
        return false;
    }
    row.priority = if row.is_dirty() {
        row.priority.min(priority)
    } else {
        priority
    };
    row.generation += 1;
    for field in again {
        row.fields[field].dirty_since = row.generation;
    }
    row.wake_at = Some(now);
    true
}

/// Takes back a refusal that was no fault of the record: the field is owed again, if it still stands refused so.
pub fn retract(row: &mut Row, field: Field, code: &str, now: UnixMs) {
    let refused = match &row.fields[field].result {
        Some(FieldResult::Rejected { reason }) => reason.code == code,
        _ => false,
    };
    if refused {
        owe_again(row, FieldSet::from_iter([field]), Priority::Live, now);
    }
}

/// Tries again what is refused, taken, parked or missing, and what waits after a failure. Whether there was any that was
/// not out already.
///
/// What is only announced, or in a worker's hands, is left alone: it is being tried.
pub fn retry(row: &mut Row, priority: Priority, now: UnixMs) -> bool {
    let troubled = row.fields_where(|state| {
        let is_trouble = matches!(&state.result, Some(outcome) if *outcome != FieldResult::Confirmed);
        is_trouble && !state.is_dirty()
    });
    let waits = row.is_dirty() && row.failures > 0 && row.open_attempt.is_none();
    if waits {
        row.wake_at = Some(now);
        row.priority = row.priority.min(priority);
    }
    owe_again(row, troubled, priority, now) || waits
}

/// Owes fields again that HubSpot no longer holds, behind live changes. Whether it was done: not to a user that has
/// changed since it was compared, at that turn, nor to one of several who share a contact, who would take turns for ever.
pub fn repair(row: &mut Row, generation: u64, fields: FieldSet, now: UnixMs) -> bool {
    let is_shared = row.link.as_ref().is_some_and(|link| link.shared);
    if row.generation != generation || is_shared {
        return false;
    }
    owe_again(row, fields, Priority::Backfill, now)
}

/// The fields a caller touched after that version.
pub(super) fn touched_after(row: &Row, version: u64) -> FieldSet {
    row.fields_where(|state| state.changed_in > version)
}
