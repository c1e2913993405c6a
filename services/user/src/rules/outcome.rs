//! Settling fields, and what is looked at again later.

use std::collections::BTreeMap;

use contracts::{Field, FieldResult, FieldSet};

use super::{OpenAttempt, Row, UnixMs, terms::recheck_pause};

/// Settles fields at the attempt's turn. What was owed since stays owed, and an outcome is kept only for the value
/// that the attempt carried.
pub(super) fn settle(
    row: &mut Row,
    attempt: &OpenAttempt,
    outcomes: BTreeMap<Field, FieldResult>,
    now: UnixMs,
) {
    let mut may_mend = false;
    for (field, outcome) in outcomes {
        let state = &mut row.fields[field];
        state.resolved_at = state.resolved_at.max(attempt.generation);
        if state.changed_in <= attempt.version {
            may_mend |= is_rechecked(&outcome);
            state.result = Some(outcome);
            state.recorded_at = now;
        }
    }
    row.update_pending_since(attempt);
    if may_mend {
        row.recheck_at = Some(now + recheck_pause(row.rechecks));
        row.rechecks = row.rechecks.saturating_add(1);
    } else if rechecked_fields(row).is_empty() {
        row.recheck_at = None;
        row.rechecks = 0;
    }
}

/// The settled fields whose outcome time may mend.
pub(super) fn rechecked_fields(row: &Row) -> FieldSet {
    row.fields_where(|state| state.result.as_ref().is_some_and(is_rechecked))
}

fn is_rechecked(outcome: &FieldResult) -> bool {
    match outcome {
        FieldResult::NotFound | FieldResult::Conflict { .. } => true,
        FieldResult::Failed {
            is_transient: may_pass,
            ..
        } => *may_pass,
        FieldResult::Confirmed | FieldResult::Rejected { .. } | FieldResult::Unknown => false,
    }
}
