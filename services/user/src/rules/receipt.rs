//! The receipt of a version.

use std::collections::BTreeMap;

use contracts::{Confirmation, EarlierField, Field, FieldReceipt, FieldResult, Reason, Receipt, SyncState};

use super::{FieldState, PastAttempt, Row, problem::problems};
use crate::time::rfc3339;

/// The receipt of a version; none if the user never had this version.
pub fn receipt(row: &Row, version: u64) -> Option<Receipt> {
    if version == 0 || row.has_lost(version) {
        return None;
    }
    let fields: BTreeMap<_, _> = row
        .fields
        .iter()
        .filter(|(_, state)| state.changed_in == version)
        .map(|(field, state)| (field, field_receipt(state)))
        .collect();
    let worst = fields.values().map(|field| field.state).min();
    Some(Receipt {
        user_id: row.user_id.clone(),
        version,
        // Each version changed a field. If a later one changed it too, nothing is left of this one.
        state: worst.unwrap_or(SyncState::Superseded),
        resending: fields.values().any(|field| field.resending),
        fields,
        overall_state: overall_state(row).0,
        earlier_fields: earlier_fields(row, version),
        problems: problems(row, fields_of(row, version)),
        contact: row.link.clone(),
        attempts: row.attempts_given,
        failures: row.failures,
        last_failure: row.last_failure.clone(),
        next_attempt_at: row.retry_at().map(rfc3339),
        last_attempts: row
            .history
            .iter()
            .rev()
            .filter(|past| past.version() >= version)
            .map(PastAttempt::receipt)
            .collect(),
        current_version: row.version,
    })
}

/// The fields that the receipt of a version covers. That of the current version covers every field.
fn fields_of(row: &Row, version: u64) -> impl Iterator<Item = Field> {
    let is_current = version == row.version;
    let given = row
        .fields
        .iter()
        .filter(move |(_, state)| state.changed_in == version || (is_current && state.changed_in > 0));
    given.map(|(field, _)| field)
}

/// In the receipt of the current version: the fields that earlier versions were the last to change.
fn earlier_fields(row: &Row, version: u64) -> BTreeMap<Field, EarlierField> {
    if version != row.version {
        return BTreeMap::new();
    }
    let earlier = row
        .fields
        .iter()
        .filter(|(_, state)| (1..version).contains(&state.changed_in));
    earlier
        .map(|(field, state)| {
            let earlier = EarlierField {
                version: state.changed_in,
                field: field_receipt(state),
            };
            (field, earlier)
        })
        .collect()
}

/// The state of a version.
pub fn state_of(row: &Row, version: u64) -> SyncState {
    receipt(row, version).map_or(SyncState::Superseded, |receipt| receipt.state)
}

/// The state over all fields that callers have given, which is the worst one, and its reason.
///
/// In the state of a version, pending comes first, because a caller waits for it. Here the problems come first: a pending field must
/// not hide the problem of another one.
pub fn overall_state(row: &Row) -> (SyncState, Option<Reason>) {
    let given = row.fields.iter().filter(|(_, state)| state.changed_in > 0);
    let rank = |state: SyncState| match state {
        SyncState::Pending => (SyncState::NotFound, true),
        other => (other, false),
    };
    let worst = given
        .map(|(_, state)| state_and_reason(state))
        .min_by_key(|(state, _)| rank(*state));
    // A row without a field is one that was never saved.
    let (state, reason) = worst.unwrap_or((SyncState::Confirmed, None));
    (state, reason.cloned())
}

fn field_receipt(field: &FieldState) -> FieldReceipt {
    let (state, reason) = state_and_reason(field);
    let confirmation = match &field.result {
        Some(FieldResult::Confirmed(confirmation)) => confirmation,
        _ => &Confirmation::EXACT,
    };
    FieldReceipt {
        state,
        resending: field.result.is_some() && field.is_dirty(),
        normalized: confirmation.normalized.is_some(),
        shown: confirmation.shown,
        reason: reason.cloned(),
        recorded_at: field.result.as_ref().map(|_| rfc3339(field.recorded_at)),
    }
}

fn state_and_reason(field: &FieldState) -> (SyncState, Option<&Reason>) {
    match &field.result {
        None => (SyncState::Pending, None),
        Some(FieldResult::Confirmed(_)) => (SyncState::Confirmed, None),
        Some(FieldResult::NotFound) => (SyncState::NotFound, None),
        Some(FieldResult::Rejected { reason }) => (SyncState::Rejected, Some(reason)),
        Some(FieldResult::Conflict { reason }) => (SyncState::Conflict, Some(reason)),
        Some(FieldResult::Failed { reason, .. }) => (SyncState::Failed, Some(reason)),
        Some(FieldResult::Skipped) => (SyncState::Skipped, None),
        Some(FieldResult::Unknown) => (SyncState::Unknown, None),
    }
}
