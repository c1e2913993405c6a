//! What must be true of a row at rest.

use contracts::{Field, FieldResult, SyncState, Value};

use super::contacts::Contacts;
use crate::rules::{Row, state_of};

/// Checks that the contact has the last values or HubSpot has rejected them, that no field is dirty, and that each receipt says so.
pub(super) fn check_at_rest(
    row: &Row,
    contacts: &Contacts,
    was_rejected: impl Fn(Field, Option<&Value>) -> bool,
) -> Result<(), String> {
    if row.is_dirty() || row.in_doubt.is_some() || row.open_attempt.is_some() {
        return Err(format!("not at rest: {row:?}"));
    }
    let contact = row.link.as_ref().map_or("none", |link| &link.contact_id);
    for (field, state) in row.fields.iter().filter(|(_, state)| state.changed_in > 0) {
        let value = state.value.as_ref();
        let is_right = match &state.result {
            Some(FieldResult::Confirmed(_)) => contacts.has(contact, field, value),
            Some(FieldResult::Rejected { .. }) => was_rejected(field, value),
            _ => false,
        };
        if !is_right {
            return Err(format!("{field:?} is wrong: {row:?}, {contacts:?}"));
        }
    }
    for version in 1..=row.version {
        let mut expected = SyncState::Superseded;
        for (_, state) in row.fields.iter().filter(|(_, state)| state.changed_in == version) {
            let is_rejected = matches!(state.result, Some(FieldResult::Rejected { .. }));
            expected = expected.min(if is_rejected {
                SyncState::Rejected
            } else {
                SyncState::Confirmed
            });
        }
        let shown = state_of(row, version);
        if shown != expected {
            return Err(format!(
                "version {version} is {expected:?}, and its receipt says {shown:?}: {row:?}"
            ));
        }
    }
    Ok(())
}
