//! Marking fields dirty again: the generation grows, the version stays.

use contracts::{Field, FieldResult, FieldSet, Priority};

use super::{OpenAttempt, Row, UnixMs};

/// Marks these fields dirty and makes the row due at once. Returns whether there was a field to mark.
///
/// The version stays, and with it receipts and entity tags. Whether a field changed after an attempt is decided by versions, so
/// marking a field dirty never causes it to be marked again. A field that no caller has given is never dirty.
pub(super) fn mark_dirty(row: &mut Row, fields: FieldSet, priority: Priority, now: UnixMs) -> bool {
    let given = row.fields_where(|state| state.changed_in > 0);
    let mut marked = fields.iter().filter(|field| given.contains(*field)).peekable();
    if marked.peek().is_none() {
        return false;
    }
    row.priority = if row.is_dirty() {
        row.priority.min(priority)
    } else {
        priority
    };
    row.generation += 1;
    for field in marked {
        row.fields[field].dirty_since = row.generation;
    }
    row.wake_at = Some(now);
    true
}

/// Takes back a rejection that was the account's fault: if the field is still rejected for this reason, it becomes dirty again.
pub fn retract(row: &mut Row, field: Field, code: &str, now: UnixMs) {
    let is_rejected = match &row.fields[field].result {
        Some(FieldResult::Rejected { reason }) => reason.code == code,
        _ => false,
    };
    if is_rejected {
        mark_dirty(row, FieldSet::from_iter([field]), Priority::Live, now);
    }
}

/// Tries fields with problems again, and ends the pause after a failure. Returns whether there was anything to do.
///
/// Fields that are dirty already are being tried, and are left alone.
pub fn retry(row: &mut Row, priority: Priority, now: UnixMs) -> bool {
    let with_problems = row.fields_where(|state| {
        let is_problem = matches!(&state.result, Some(result) if !result.is_settled());
        is_problem && !state.is_dirty()
    });
    let was_waiting = row.end_failure_pause();
    if was_waiting {
        row.wake_at = Some(now);
        row.priority = row.priority.min(priority);
    }
    mark_dirty(row, with_problems, priority, now) || was_waiting
}

/// Marks fields dirty that HubSpot no longer has, with back-fill priority. Returns whether it did.
///
/// A user that has changed since it was compared, at `generation`, is left alone. So is a user that shares its contact: two such
/// users would overwrite each other's values for ever.
pub fn repair(row: &mut Row, generation: u64, fields: FieldSet, now: UnixMs) -> bool {
    let is_shared = row.link.as_ref().is_some_and(|link| link.shared);
    if row.generation != generation || is_shared {
        return false;
    }
    mark_dirty(row, fields, Priority::Backfill, now)
}

/// Marks the address dirty, because the contact of this attempt showed all its addresses, and it was none of them. Somebody may have
/// removed it in HubSpot.
///
/// Only a confirmed address is sent again, once: the attempt that carries it then gets a result of its own. An address that was changed
/// or marked dirty since the claim is sent anyway. A user that shares its contact is left alone, as in [`repair`].
pub(super) fn resend_lost_address(row: &mut Row, attempt: &OpenAttempt, now: UnixMs) {
    let email = &row.fields[Field::EMAIL];
    let is_confirmed = email.result.as_ref().is_some_and(FieldResult::is_confirmed);
    let is_shared = row.link.as_ref().is_none_or(|link| link.shared);
    if is_confirmed && !is_shared && email.dirty_since <= attempt.generation && !email.is_dirty() {
        mark_dirty(row, FieldSet::from_iter([Field::EMAIL]), Priority::Backfill, now);
    }
}

/// The fields that callers changed after this version.
pub(super) fn changed_after(row: &Row, version: u64) -> FieldSet {
    row.fields_where(|state| state.changed_in > version)
}
