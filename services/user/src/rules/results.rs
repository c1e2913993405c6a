//! Resolving fields, and when fields with problems are rechecked.

use std::collections::BTreeMap;

use contracts::{Field, FieldResult, FieldSet};

use super::{OpenAttempt, Row, UnixMs, timing::recheck_pause};

/// Resolves fields up to the attempt's generation. A field that was marked dirty after the claim stays dirty. A result is kept only
/// if the attempt carried the field's current value.
pub(super) fn resolve_fields(
    row: &mut Row,
    attempt: &OpenAttempt,
    results: BTreeMap<Field, FieldResult>,
    now: UnixMs,
) {
    let mut needs_recheck = false;
    for (field, result) in results {
        let is_confirmed = row.is_confirmed_here(&row.fields[field]);
        let state = &mut row.fields[field];
        state.resolved_at = state.resolved_at.max(attempt.generation);
        // A field that was written with the contact, and is not sent again, keeps the result of that.
        let is_kept = is_confirmed && result == FieldResult::Skipped;
        if state.changed_in <= attempt.version && !is_kept {
            needs_recheck |= is_rechecked(&result);
            if result.is_confirmed() {
                state.last_confirmed = None;
            }
            state.result = Some(result);
            state.recorded_at = now;
        }
    }
    row.update_pending_since(attempt);
    if needs_recheck {
        row.recheck_at = Some(now + recheck_pause(row.rechecks));
        row.rechecks = row.rechecks.saturating_add(1);
    } else if rechecked_fields(row).is_empty() {
        row.recheck_at = None;
        row.rechecks = 0;
    }
}

/// The fields whose problem may pass by itself.
pub(super) fn rechecked_fields(row: &Row) -> FieldSet {
    row.fields_where(|state| state.result.as_ref().is_some_and(is_rechecked))
}

fn is_rechecked(result: &FieldResult) -> bool {
    match result {
        FieldResult::NotFound | FieldResult::Conflict { .. } => true,
        FieldResult::Failed { is_transient, .. } => *is_transient,
        FieldResult::Confirmed(_)
        | FieldResult::Rejected { .. }
        | FieldResult::Skipped
        | FieldResult::Unknown => false,
    }
}
