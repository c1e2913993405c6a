//! What must be true of a row when everything has come to rest.

use contracts::{Field, Outcome, State};

use super::hubspot::HubSpot;
use crate::rules::{Row, state_of};

/// Whether HubSpot holds the last values or has refused them, nothing is owed, and each receipt says so.
pub(super) fn check_at_rest(
    row: &Row,
    hubspot: &HubSpot,
    was_refused: impl Fn(Field, Option<&str>) -> bool,
) -> Result<(), String> {
    if row.is_unsettled() || row.doubt.is_some() || row.open.is_some() {
        return Err(format!("not at rest: {row:?}"));
    }
    let contact = row.link.as_ref().map_or("none", |link| &link.contact_id);
    for (field, state) in row.fields.iter().filter(|(_, state)| state.touched > 0) {
        let value = state.value.as_deref();
        let is_right = match &state.outcome {
            Some(Outcome::Confirmed) => hubspot.holds(contact, field, value),
            Some(Outcome::Refused { .. }) => was_refused(field, value),
            _ => false,
        };
        if !is_right {
            return Err(format!("{field:?} is wrong: {row:?}, {hubspot:?}"));
        }
    }
    for version in 1..=row.version {
        let mut expected = State::Superseded;
        for (_, state) in row.fields.iter().filter(|(_, state)| state.touched == version) {
            let refused = matches!(state.outcome, Some(Outcome::Refused { .. }));
            expected = expected.min(if refused { State::Refused } else { State::Confirmed });
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
