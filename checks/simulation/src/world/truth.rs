//! P4 and P5 at the moment a verdict is taken: what it says is what HubSpot did.

use contracts::{AttemptResult, Field, FieldResult};

use super::World;
use crate::hubspot_model::REFUSED;
use crate::transition::Transition;

/// Reasons that begin so are faults of the account that show at the first call.
pub(super) const OF_THE_ACCOUNT: &str = "ACCOUNT";

/// Whether a field may be parked for that: neither a fault of the account nor a refused value, which is told as such
/// and holds back no other field.
fn may_be_parked(code: &str) -> bool {
    !code.starts_with(OF_THE_ACCOUNT) && code != REFUSED
}

impl World {
    /// A fault of the account is charged to nobody.
    ///
    /// An outage is no such fault until it has met two records, so what it does to the first one is not checked.
    pub(super) fn check_blame(&mut self, verdict: &AttemptResult) {
        let blamed = verdict
            .failure
            .as_ref()
            .is_some_and(|failure| failure.is_counted && failure.reason.code.starts_with(OF_THE_ACCOUNT));
        if blamed {
            self.fail(&format!(
                "a fault of the account is charged to {}",
                verdict.user_id
            ));
        }
    }

    /// A field has a new outcome: there must be something in HubSpot that it tells of.
    pub(super) fn check_outcome(&mut self, user: usize, field: Field) {
        let row = &self.users.rows[user];
        let state = &row.fields[field];
        let value = state.value.clone().unwrap_or_default();
        let Some(outcome) = &state.result else { return };
        self.trace(|| format!("u{user} {field:?} {value:?}: {outcome:?}"));
        let (what, is_true) = match outcome {
            FieldResult::Confirmed => (Transition::Confirmed, self.was_taken(user, field, &value)),
            FieldResult::Rejected { .. } => {
                (Transition::Refused, self.hubspot.refused[field].contains(&value))
            }
            FieldResult::NotFound => (Transition::Missing, self.was_missed(user)),
            // Compared with the contacts at the end.
            FieldResult::Conflict { .. } => (Transition::Taken, true),
            FieldResult::Failed { reason, .. } => (Transition::Parked, may_be_parked(&reason.code)),
        };
        self.tally.transitions.add(what);
        if !is_true {
            let outcome = format!("{:?}", self.users.rows[user].fields[field].result);
            self.fail(&format!(
                "P4: u{user} {field:?} {value:?} is told to be {outcome}, which is not true"
            ));
        }
    }

    /// Whether HubSpot took that value from this system into the linked contact, or the contact answers to the address.
    fn was_taken(&self, user: usize, field: Field, value: &str) -> bool {
        let Some(contact) = self.linked_contact(user) else {
            return false;
        };
        let took = &self.hubspot.contact(contact).took[field];
        let taken = took.iter().any(|taken| taken == value);
        taken || (field == Field::Email && self.hubspot.answered_to(contact, value))
    }

    /// Whether one of the user's addresses was looked for in vain.
    fn was_missed(&self, user: usize) -> bool {
        let row = &self.users.rows[user];
        let linked = row.link.as_ref().and_then(|link| link.address.as_deref());
        let own = row.fields[Field::Email].value.as_deref();
        let mut addresses = own.into_iter().chain(linked);
        // An address that was given up meanwhile cannot be told any more.
        let changed = row.fields[Field::Email].is_dirty();
        changed || addresses.any(|address| self.hubspot.not_found.contains(&address.to_lowercase()))
    }

    /// The contact that the user's link leads to now.
    pub(super) fn linked_contact(&self, user: usize) -> Option<usize> {
        let link = self.users.rows[user].link.as_ref()?;
        let contact = self.hubspot.by_id(&link.contact_id)?;
        Some(self.hubspot.present(contact))
    }
}
