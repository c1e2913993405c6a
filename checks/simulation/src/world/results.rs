//! P4 and P5 when a result is recorded: what it says is what HubSpot did.

use contracts::{AttemptResult, Confirmation, Field, FieldResult, VALUE_NOT_KEPT, Value};
use user::rules::Row;

use super::World;
use crate::{
    agenda::Time,
    hubspot_model::{REJECTED, text},
    plan::SECOND,
    transition::Transition,
};

/// A fault of the account that ended so recently may have met a call that is explained only now.
const JUST_ENDED: Time = 3 * SECOND;

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
    /// A call that failed during an outage may be checked after it, so what is counted then is checked only in small systems, where
    /// nothing else may have failed before.
    pub(super) fn check_counted(&mut self, result: &AttemptResult) {
        let is_counted = result
            .failure
            .as_ref()
            .is_some_and(|failure| failure.is_counted && failure.reason.code.starts_with(OF_THE_ACCOUNT));
        let is_counted_in_small = self.plan.is_small_with_good_contacts()
            && result.failure.as_ref().is_some_and(|failure| failure.is_counted);
        if (is_counted || is_counted_in_small) && !self.has_account_fault_just_ended() {
            self.fail(&format!(
                "P5: a fault of the account counts against {}",
                result.user_id
            ));
        }
    }

    /// P5: while something is wrong with the account of a small system, and nothing with a record, no field is given up. A failure is
    /// explained by a call that comes after it, so one right before the end may be explained wrongly.
    fn check_not_given_up(&mut self, user: &contracts::UserId, result: &FieldResult) {
        let is_given_up = matches!(result, FieldResult::Failed { .. } | FieldResult::Rejected { .. });
        let is_account_at_fault = self.plan.is_small_with_good_contacts();
        if is_given_up && is_account_at_fault && !self.has_account_fault_just_ended() {
            self.fail(&format!("P5: a fault of the account gives up {user}: {result:?}"));
        }
    }

    fn has_account_fault_just_ended(&self) -> bool {
        self.now < self.account_well_since + JUST_ENDED
    }

    /// P4: a field was resolved, and HubSpot did what its result says.
    pub(super) fn check_result(&mut self, row: &Row, field: Field) {
        let state = &row.fields[field];
        let value = text(state.value.as_ref()).to_owned();
        let Some(result) = &state.result else { return };
        let user = &row.user_id;
        self.trace(|| format!("{user} {field:?} {value:?}: {result:?}"));
        self.check_not_given_up(user, result);
        let (what, is_true) = match result {
            FieldResult::Confirmed(confirmation) => self.check_confirmation(row, field, &value, confirmation),
            FieldResult::Rejected { reason } if reason.code == VALUE_NOT_KEPT => {
                (Transition::NotKept, self.was_not_kept(row, field, &value))
            }
            FieldResult::Rejected { .. } => (
                Transition::Rejected,
                self.hubspot.rejected[field].contains(&value),
            ),
            FieldResult::NotFound => (Transition::NotFound, self.was_not_found(row)),
            // Compared with the contacts at the end.
            FieldResult::Conflict { .. } => (Transition::Conflict, true),
            FieldResult::Failed { reason, .. } => (Transition::Failed, may_fail(&reason.code)),
            // Every field of the simulation is always written.
            FieldResult::Skipped => return self.fail("P4: a field was skipped"),
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

    /// Whether the linked contact had the value as the confirmation says.
    fn check_confirmation(
        &self,
        row: &Row,
        field: Field,
        value: &str,
        confirmation: &Confirmation,
    ) -> (Transition, bool) {
        match confirmation {
            Confirmation {
                normalized: Some(form),
                ..
            } => {
                let is_form = form != value && form.to_lowercase() == value.to_lowercase();
                let was_read = self.was_read_back(row, field, value, |shown| shown == Some(form));
                (Transition::ConfirmedInOtherForm, is_form && was_read)
            }
            Confirmation { shown: false, .. } => {
                let was_read = self.was_read_back(row, field, value, |shown| shown.is_none());
                (Transition::ConfirmedUnshown, was_read)
            }
            Confirmation { .. } => (Transition::Confirmed, self.was_written(row, field, value)),
        }
    }

    /// Whether the linked contact accepted the value, and a read showed another one.
    fn was_not_kept(&self, row: &Row, field: Field, value: &str) -> bool {
        self.was_read_back(row, field, value, |shown| {
            shown.is_some_and(|shown| shown.to_lowercase() != value.to_lowercase())
        })
    }

    /// Whether the linked contact accepted the value, and a read after a write showed something that meets the condition.
    fn was_read_back(
        &self,
        row: &Row,
        field: Field,
        value: &str,
        is_met: impl Fn(Option<&String>) -> bool,
    ) -> bool {
        let Some(contact) = self.contact_of(row) else {
            return false;
        };
        let contact = self.hubspot.contact(contact);
        let was_accepted = contact.accepted[field].iter().any(|accepted| accepted == value);
        was_accepted
            && contact.read_back[field]
                .iter()
                .any(|shown| is_met(shown.as_ref()))
    }

    /// P4: a result says that the contact lacks the user's address only if a read showed that. It is about the address of its claim.
    pub(super) fn check_lacks_address(&mut self, result: &AttemptResult, row: &Row) {
        let email = &row.fields[Field::EMAIL];
        if !result.lacks_address || email.changed_in > result.version {
            return;
        }
        let own = email
            .value
            .as_ref()
            .and_then(Value::as_text)
            .unwrap_or_default()
            .to_lowercase();
        let was_shown = self.contact_of(row).is_some_and(|contact| {
            let mut reads = self.hubspot.contact(contact).read_addresses.iter();
            reads.any(|addresses| !addresses.contains(&own))
        });
        if !was_shown {
            self.fail(&format!(
                "P4: no read showed that a contact lacks {own:?}: {result:?}"
            ));
        }
    }

    /// Whether the linked contact had that value after a write of this system, or answers to the address.
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
        let own = row.address();
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
