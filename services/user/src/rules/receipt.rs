//! The verdict of a version, as callers see it.

use std::collections::BTreeMap;

use contracts::{EarlierField, Field, FieldReceipt, Outcome, Reason, Receipt, State};

use super::{FieldState, PastAttempt, Row, problem::problems};

/// What became of a version; none where the user never had it.
pub fn receipt(row: &Row, version: u64) -> Option<Receipt> {
    if version == 0 || version > row.version {
        return None;
    }
    let fields: BTreeMap<_, _> = row
        .fields
        .iter()
        .filter(|(_, state)| state.touched == version)
        .map(|(field, state)| (field, field_receipt(state)))
        .collect();
    let worst = fields.values().map(|field| field.state).min();
    Some(Receipt {
        user_id: row.user_id.clone(),
        version,
        state: worst.unwrap_or_else(|| without_fields(row, version)),
        resending: fields.values().any(|field| field.resending),
        fields,
        standing: standing(row).0,
        earlier_fields: earlier_fields(row, version),
        problems: problems(row, fields_of(row, version)),
        contact: row.link.clone(),
        attempts: row.attempt,
        last_failure: row.last_failure.clone(),
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

/// The fields that the receipt of a version lists.
fn fields_of(row: &Row, version: u64) -> impl Iterator<Item = Field> {
    let is_current = version == row.version;
    let given = row
        .fields
        .iter()
        .filter(move |(_, state)| state.touched == version || (is_current && state.touched > 0));
    given.map(|(field, _)| field)
}

/// The fields that versions before the current one gave, told of with that one.
fn earlier_fields(row: &Row, version: u64) -> BTreeMap<Field, EarlierField> {
    if version != row.version {
        return BTreeMap::new();
    }
    let earlier = row
        .fields
        .iter()
        .filter(|(_, state)| (1..version).contains(&state.touched));
    earlier
        .map(|(field, state)| {
            let told = EarlierField {
                version: state.touched,
                field: field_receipt(state),
            };
            (field, told)
        })
        .collect()
}

/// The state of a version the row has.
pub fn state_of(row: &Row, version: u64) -> State {
    receipt(row, version).map_or(State::Superseded, |receipt| receipt.state)
}

/// What became of all that callers ever gave: the worst of the fields' states, and why it is so.
pub fn standing(row: &Row) -> (State, Option<Reason>) {
    let given = row.fields.iter().filter(|(_, state)| state.touched > 0);
    let worst = given
        .map(|(_, state)| state_and_reason(state))
        .min_by_key(|(state, _)| *state);
    let (state, reason) = worst.unwrap_or((State::Unchanged, None));
    (state, reason.cloned())
}

fn without_fields(row: &Row, version: u64) -> State {
    let touched_nothing = row
        .unchanged
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&version));
    if touched_nothing {
        State::Unchanged
    } else {
        State::Superseded
    }
}

fn field_receipt(field: &FieldState) -> FieldReceipt {
    let (state, reason) = state_and_reason(field);
    FieldReceipt {
        state,
        resending: field.outcome.is_some() && field.is_owed(),
        reason: reason.cloned(),
        settled_at: field
            .outcome
            .as_ref()
            .map(|_| crate::time::rfc3339(field.settled_at)),
    }
}

fn state_and_reason(field: &FieldState) -> (State, Option<&Reason>) {
    match &field.outcome {
        None => (State::Pending, None),
        Some(Outcome::Confirmed) => (State::Confirmed, None),
        Some(Outcome::Missing) => (State::Missing, None),
        Some(Outcome::Refused { reason }) => (State::Refused, Some(reason)),
        Some(Outcome::Taken { reason }) => (State::Taken, Some(reason)),
        Some(Outcome::Parked { reason, .. }) => (State::Parked, Some(reason)),
    }
}
