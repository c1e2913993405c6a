//! What confirmed means: whether HubSpot's contact has what was written to it.
//!
//! The answer to a write decides if it shows the value. Otherwise the contact is read some time later: the answer may be older than what
//! a workflow or a rule of the account makes of the value, and an account may hide a property from answers.

use std::time::Duration;

use contracts::{
    Confirmation, Field, FieldResult, FieldSet, MAX_NORMALIZED_BYTES, Reason, VALUE_NOT_KEPT, Value, Values,
    is_same_address,
};

use super::{Attempt, Step};
use crate::engine::{Profile, WrittenContact, is_same_in_another_form};

/// How long after the answer to a write a contact is read back.
pub(super) const READ_BACK_AFTER: Duration = Duration::from_secs(1);

impl Attempt {
    /// Whether the answer to a write shows the value that was written. A property that is missing in it may be hidden, also if it was
    /// cleared: HubSpot shows a property without a value as null.
    pub(super) fn is_shown(&self, field: Field, answer: &WrittenContact) -> bool {
        let theirs = answer.values.get(&field);
        theirs.is_some_and(|theirs| self.fields.is_held(field, self.value(field), theirs.as_ref()))
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

    /// The contact is known. Fields that are written only to a new contact are left alone. If what is written depends on the values of
    /// the contact, it is read first.
    pub(super) fn begin_linked(&mut self) -> Step {
        for field in self.pending.iter() {
            if self.fields.is_written_once(field) {
                self.resolve(field, FieldResult::Skipped);
            }
        }
        let mut pending = self.pending.iter();
        self.reads_first =
            !self.former_values.is_empty() || pending.any(|field| self.fields.is_written_if_empty(field));
        if self.reads_first {
            Step::ReadBack
        } else {
            self.next_write()
        }
    }

    /// The contact was read before it is written. Values of a former user that it still has are cleared with the next write. A field
    /// that is written only if the contact has no value of its own is left alone if it has one.
    pub(super) fn after_first_read(&mut self, profile: &Profile) -> Step {
        self.reads_first = false;
        for field in self.pending.iter() {
            if self.fields.is_written_if_empty(field) && self.has_value_of_its_own(field, profile) {
                self.resolve(field, FieldResult::Skipped);
            }
        }
        for (field, former) in std::mem::take(&mut self.former_values) {
            let theirs = profile.values.get(&field);
            if theirs.is_some_and(|theirs| self.fields.is_equal(field, theirs.as_ref(), former.as_ref())) {
                self.pending.insert(field);
            }
        }
        self.next_write()
    }

    /// Whether the contact has another value than hubsync last confirmed. A property that is not shown may have one.
    fn has_value_of_its_own(&self, field: Field, profile: &Profile) -> bool {
        let Some(theirs) = profile.values.get(&field) else {
            return true;
        };
        let last_confirmed = self.claim.last_confirmed.get(&field).and_then(Option::as_ref);
        let is = |value: Option<&Value>| self.fields.is_equal(field, theirs.as_ref(), value);
        !is(None) && !is(last_confirmed) && !self.fields.is_held(field, self.value(field), theirs.as_ref())
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
        let own_address = ours.and_then(Value::as_text);
        if secondary.any(|address| own_address.is_some_and(|own| is_same_address(own, address))) {
            return FieldResult::CONFIRMED;
        }
        let Some(theirs) = profile.values.get(&field) else {
            return FieldResult::Confirmed(Confirmation::NOT_SHOWN);
        };
        match (own_address, theirs.as_ref().and_then(Value::as_text)) {
            _ if self.fields.is_held(field, ours, theirs.as_ref()) => FieldResult::CONFIRMED,
            (Some(ours), Some(theirs))
                if theirs.len() <= MAX_NORMALIZED_BYTES && is_same_in_another_form(ours, theirs) =>
            {
                FieldResult::Confirmed(Confirmation::in_form(theirs.to_owned()))
            }
            _ => not_kept("HubSpot accepted the value, but a second later the contact had another one"),
        }
    }

    /// Notes whether the contact has lost the user's address. That is known only if all its addresses are shown, and an address that
    /// this attempt writes has a result of its own.
    pub(super) fn check_address(&mut self, values: &Values, secondary: Option<&[String]>) {
        let (Some(primary), Some(secondary)) = (values.get(&Field::EMAIL), secondary) else {
            return;
        };
        let Some(own) = self
            .claim
            .address()
            .filter(|_| !self.claim.dirty.contains(Field::EMAIL))
        else {
            return;
        };
        let is_own = |address: &str| is_same_address(own, address) || is_same_in_another_form(own, address);
        let primary = primary.as_ref().and_then(Value::as_text);
        let mut shown = primary.into_iter().chain(secondary.iter().map(String::as_str));
        self.lacks_address = !shown.any(is_own);
    }
}

fn not_kept(message: &str) -> FieldResult {
    FieldResult::Rejected {
        reason: Reason::ours(VALUE_NOT_KEPT, message),
    }
}

/// The result of a write that is not repeated, where the answer did not show the value.
pub(super) fn result_of_only_write(field: Field, answer: &WrittenContact) -> FieldResult {
    if answer.values.contains_key(&field) {
        return not_kept("HubSpot created the contact with another value");
    }
    FieldResult::Confirmed(Confirmation::NOT_SHOWN)
}
