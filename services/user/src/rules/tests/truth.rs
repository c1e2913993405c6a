//! What must be true of a row when everything has come to rest.

use contracts::{Field, FieldResult, SyncState};

use super::hubspot::HubSpot;
use crate::rules::{Row, state_of};

/// Whether HubSpot holds the last values or has refused them, nothing is owed, and each receipt says so.
pub(super) fn check_at_rest(
    row: &Row,
    hubspot: &HubSpot,
    was_refused: impl Fn(Field, Option<&str>) -> bool,
) -> Result<(), String> {
    if row.is_dirty() || row.in_doubt.is_some() || row.open_attempt.is_some() {
        return Err(format!("not at rest: {row:?}"));
    }
    let contact = row.link.as_ref().map_or("none", |link| &link.contact_id);
    for (field, state) in row.fields.iter().filter(|(_, state)| state.changed_in > 0) {
        let value = state.value.as_deref();
        let is_right = match &state.result {
            Some(FieldResult::Confirmed) => hubspot.holds(contact, field, value),
            Some(FieldResult::Rejected { .. }) => was_refused(field, value),
            _ => false,
        };
        if !is_right {
            return Err(format!("{field:?} is wrong: {row:?}, {hubspot:?}"));
        }
    }
    for version in 1..=row.version {
        let mut expected = SyncState::Superseded;
        for (_, state) in row.fields.iter().filter(|(_, state)| state.changed_in == version) {
            let refused = matches!(state.result, Some(FieldResult::Rejected { .. }));
            expected = expected.min(if refused {
                SyncState::Rejected
            } else {
                SyncState::Confirmed
            });
        }
        let told = state_of(row, version);
        if told != expected {
            return Err(format!(
                "version {version} is {expected:?}, told {told:?}: {row:?}"
            ));
        }
    }
    Ok(())
}
