//! What confirmed means: whether HubSpot's contact has what was written to it.
//!
//! The answer to a write decides if it shows the value. Otherwise the contact is read some time later: the answer may be older than what
//! a workflow or a rule of the account makes of the value, and an account may hide a property from answers.

use std::time::Duration;

use contracts::{
    Confirmation, Field, FieldResult, FieldSet, MAX_NORMALIZED_BYTES, Reason, VALUE_NOT_KEPT, Values,
};

use super::{Attempt, Step};
use crate::engine::{Profile, WrittenContact, is_same_in_another_form, is_same_value};

/// How long after the answer to a write a contact is read back.
pub(super) const READ_BACK_AFTER: Duration = Duration::from_secs(1);

impl Attempt {
    /// Whether the answer to a write shows the value that was written. A property that is missing in it may be hidden, also if it was
    /// cleared: HubSpot shows a property without a value as null.
    pub(super) fn is_shown(&self, field: Field, answer: &WrittenContact) -> bool {
        let theirs = answer.values.get(&field);
        theirs.is_some_and(|theirs| is_same_value(field, self.value(field), theirs.as_deref()))
    }

    /// Reads what no answer has shown, if there is anything. A contact that was merged meanwhile has another id, under which the fields
    /// are written again.
    pub(super) fn next_read_back(&self) -> Step {
        if self.unverified.is_empty() || self.link.is_some() {
            Step::Done
        } else {
            Step::ReadBack
        }
    }

    /// The contact was read before it is written for the first time since another user had it. Values of that user that it still has are
    /// cleared with the next write.
    pub(super) fn after_former_values_read(&mut self, profile: &Profile) -> Step {
        for (field, former) in std::mem::take(&mut self.former_values) {
            if profile.values.get(&field) == Some(&former) {
                self.pending.insert(field);
            }
        }
        self.next_write()
    }

    /// The former values about which nothing is left to do: they are cleared, or the contact has other ones.
    pub(super) fn cleared(&self) -> FieldSet {
        let fields = self.claim.former_values.keys().copied();
        fields
            .filter(|field| self.former_values.is_empty() && !self.pending.contains(*field))
            .collect()
    }

    /// The contact was read: what it holds now decides.
    pub(super) fn after_read_back(&mut self, profile: &Profile) -> Step {
        for field in self.unverified.iter() {
            let result = self.result_of_read_back(field, profile);
            self.resolve(field, result);
        }
        self.check_address(&profile.values, profile.contact.additional_emails.as_deref());
        self.next_write()
    }

    fn result_of_read_back(&self, field: Field, profile: &Profile) -> FieldResult {
        let ours = self.value(field);
        // A person may have made another address primary meanwhile. The contact still has this one.
        let secondary = profile.contact.secondary_addresses().iter();
        let mut secondary = secondary.filter(|_| field == Field::EMAIL);
        if secondary.any(|address| is_same_value(field, ours, Some(address))) {
            return FieldResult::CONFIRMED;
        }
        let Some(theirs) = profile.values.get(&field) else {
            return FieldResult::Confirmed(Confirmation::NOT_SHOWN);
        };
        let theirs = theirs.as_deref();
        match (ours, theirs) {
            _ if is_same_value(field, ours, theirs) => FieldResult::CONFIRMED,
            (Some(ours), Some(theirs))
                if theirs.len() <= MAX_NORMALIZED_BYTES && is_same_in_another_form(ours, theirs) =>
            {
                FieldResult::Confirmed(Confirmation::in_form(theirs.to_owned()))
            }
            _ => FieldResult::Rejected {
                reason: Reason::ours(
                    VALUE_NOT_KEPT,
                    "HubSpot accepted the value, but a second later the contact had another one",
                ),
            },
        }
    }

    /// Notes whether the contact has lost the user's address. That is known only if all its addresses are shown, and an address that
    /// this attempt writes has a result of its own.
    pub(super) fn check_address(&mut self, values: &Values, secondary: Option<&[String]>) {
        let (Some(primary), Some(secondary)) = (values.get(&Field::EMAIL), secondary) else {
            return;
        };
        let Some(own) = self
            .value(Field::EMAIL)
            .filter(|_| !self.claim.dirty.contains(Field::EMAIL))
        else {
            return;
        };
        let is_own = |address: &String| {
            is_same_value(Field::EMAIL, Some(own), Some(address)) || is_same_in_another_form(own, address)
        };
        self.lacks_address = !primary.iter().chain(secondary).any(is_own);
    }
}
