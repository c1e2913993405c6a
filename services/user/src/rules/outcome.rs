//! Settling fields, and what is looked at again later.

use std::collections::BTreeMap;

use contracts::{Field, FieldSet, Outcome};

use super::{OpenAttempt, Row, UnixMs, terms::recheck_pause};

/// Settles fields at the attempt's turn. What was owed since stays owed, and an outcome is kept only for the value
/// that the attempt carried.
pub(super) fn settle(row: &mut Row, attempt: &OpenAttempt, outcomes: BTreeMap<Field, Outcome>, now: UnixMs) {
    let mut may_mend = false;
    for (field, outcome) in outcomes {
        let state = &mut row.fields[field];
        state.settled = state.settled.max(attempt.turn);
        if state.touched <= attempt.version {
            may_mend |= is_rechecked(&outcome);
            state.outcome = Some(outcome);
            state.settled_at = now;
        }
    }
    row.end_pending(attempt);
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
    row.fields_where(|state| state.outcome.as_ref().is_some_and(is_rechecked))
}

fn is_rechecked(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Missing | Outcome::Taken { .. } => true,
        Outcome::Parked { may_pass, .. } => *may_pass,
        Outcome::Confirmed | Outcome::Refused { .. } => false,
    }
}
