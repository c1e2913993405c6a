//! P4 and P5 when a result is recorded: what it says is what HubSpot did.

use contracts::{AttemptResult, Field, FieldResult};
use user::rules::Row;

use super::World;
use crate::{hubspot_model::REJECTED, transition::Transition};

/// Codes that begin so are faults of the account that the first call shows.
const OF_THE_ACCOUNT: &str = "ACCOUNT";

/// Whether a field may be given up as failed for that: neither a fault of the account nor a rejected value, which is reported as
/// such and holds back no other field.
fn may_fail(code: &str) -> bool {
    !code.starts_with(OF_THE_ACCOUNT) && code != REJECTED
}

impl World {
    /// P5: a fault of the account counts against no record.
    ///
    /// An outage is no such fault until it has met two records, so what it does to the first one is not checked.
    pub(super) fn check_counted(&mut self, result: &AttemptResult) {
        let is_counted = result
            .failure
            .as_ref()
            .is_some_and(|failure| failure.is_counted && failure.reason.code.starts_with(OF_THE_ACCOUNT));
        if is_counted {
            self.fail(&format!(
                "P5: a fault of the account counts against {}",
                result.user_id
            ));
        }
    }

    /// P4: a field was resolved, and HubSpot did what its result says.
    pub(super) fn check_result(&mut self, row: &Row, field: Field) {
        let state = &row.fields[field];
        let value = state.value.clone().unwrap_or_default();
        let Some(result) = &state.result else { return };
        let user = &row.user_id;
        self.trace(|| format!("{user} {field:?} {value:?}: {result:?}"));
        let (what, is_true) = match result {
            FieldResult::Confirmed => (Transition::Confirmed, self.was_written(row, field, &value)),
            FieldResult::Rejected { .. } => (
                Transition::Rejected,
                self.hubspot.rejected[field].contains(&value),
            ),
            FieldResult::NotFound => (Transition::NotFound, self.was_not_found(row)),
            // Compared with the contacts at the end.
            FieldResult::Conflict { .. } => (Transition::Conflict, true),
            FieldResult::Failed { reason, .. } => (Transition::Failed, may_fail(&reason.code)),
            // Only a later version of the services records one.
            FieldResult::Unknown => return self.fail("P4: an unknown result was recorded"),
        };
        self.tally.transitions.add(what);
        if !is_true {
            self.fail(&format!(
                "P4: {user} {field:?} {value:?} is said to be {result:?}, which is not true"
            ));
        }
    }

    /// Whether HubSpot took that value from this system into the linked contact, or the contact answers to the address.
    fn was_written(&self, row: &Row, field: Field, value: &str) -> bool {
        let Some(contact) = self.contact_of(row) else {
            return false;
        };
        let took = &self.hubspot.contact(contact).took[field];
        let was_taken = took.iter().any(|taken| taken == value);
        was_taken || (field == Field::EMAIL && self.hubspot.answered_to(contact, value))
    }

    /// Whether one of the user's addresses was looked up and not found.
    fn was_not_found(&self, row: &Row) -> bool {
        let linked = row.link.as_ref().and_then(|link| link.address.as_deref());
        let own = row.fields[Field::EMAIL].value.as_deref();
        let mut addresses = own.into_iter().chain(linked);
        // An address that was given up meanwhile is not in the row any more.
        let changed = row.fields[Field::EMAIL].is_dirty();
        changed || addresses.any(|address| self.hubspot.not_found.contains(&address.to_lowercase()))
    }

    /// The contact that the user's link leads to now.
    pub(super) fn linked_contact(&self, user: usize) -> Option<usize> {
        self.contact_of(&self.users.rows[user])
    }

    fn contact_of(&self, row: &Row) -> Option<usize> {
        let contact = self.hubspot.by_id(&row.link.as_ref()?.contact_id)?;
        Some(self.hubspot.present(contact))
    }
}
