//! Creating a contact for a user that has none, where the settings say so.

use std::collections::BTreeMap;

use contracts::{
    Field, FieldResult, FieldSet, LinkOrigin, NewLink, PossibleCreate, Reason, lowercase_address,
};

use super::{Attempt, Blame, Manner, Rules, Step, Why};
use crate::engine::{CallError, CallErrorKind, MissingContact, Properties};

impl Attempt {
    pub(super) fn may_create(&self, rules: Rules<'_>) -> bool {
        rules.missing == MissingContact::Create && self.claim.never_linked && self.claim.link.is_none()
    }

    /// No contact has an address of this user: makes one, unless one is in doubt under another address.
    pub(super) fn create(&mut self) {
        let own = self.address();
        let is_other =
            |creating: &PossibleCreate| own.as_ref() != Some(&lowercase_address(&creating.address));
        let mut in_doubt = self
            .claim
            .possible_creates
            .iter()
            .filter(|creating| creating.in_doubt);
        if in_doubt.any(is_other) {
            let reason = Reason::ours(
                "CREATE_IN_DOUBT",
                "HubSpot may still create a contact under the former address",
            );
            self.fail(reason, Blame::Nobody, true);
        } else {
            self.step = Step::Create;
        }
    }

    /// The address to create a contact under, in lower case.
    pub(crate) fn address(&self) -> Option<String> {
        Some(lowercase_address(&self.email()?))
    }

    /// A create leaves: every field that has a value and was not refused, owed or not; the address alone after a refusal
    /// that named no field.
    pub(crate) fn send_all(&mut self) -> Properties {
        let values = &self.claim.values;
        let has_value = |field: &Field| values.get(field).is_some_and(Option::is_some);
        let goes_along = |field: &Field| *field == Field::Email || self.manner != Manner::FieldByField;
        let fields = Field::ALL.into_iter().filter(has_value).filter(goes_along);
        self.sent = fields
            .filter(|field| !self.outcomes.contains_key(field))
            .collect();
        let text = |field| values.get(&field).cloned().flatten().unwrap_or_default();
        self.sent
            .iter()
            .map(|field| (field.property(), text(field)))
            .collect()
    }

    /// HubSpot listed the create as done.
    pub(crate) fn was_created(&mut self, contact_id: &str, rules: Rules<'_>) {
        self.written = self.written.union(self.sent);
        for field in self.pending.iter() {
            // A field without a value is as empty there as it is here. What did not go along is owed still.
            let is_empty = self.claim.values.get(&field).is_none_or(Option::is_none);
            if is_empty || self.sent.contains(field) {
                self.settle(field, FieldResult::Confirmed);
            }
        }
        self.confirmed_address = self.email();
        self.link = Some(NewLink {
            contact_id: contact_id.to_owned(),
            account_id: rules.account_id.to_owned(),
            address: self.email(),
            origin: LinkOrigin::Created,
        });
        self.step = Step::Done;
    }

    /// The create of this record, and no other, met a problem.
    pub(crate) fn create_failed(&mut self, problem: CallError, rules: Rules<'_>) {
        match (&problem.kind, self.email()) {
            // Somebody was quicker, or an earlier create was carried out after all: whoever has the address is it.
            (CallErrorKind::Conflict { .. }, Some(email)) => {
                self.step = Step::Find(vec![email], Why::Created(problem.reason));
            }
            (CallErrorKind::NotFound | CallErrorKind::Conflict { .. }, _) => {
                self.fail(problem.reason, Blame::Record, true);
            }
            (CallErrorKind::Invalid { properties }, _) => {
                self.values_not_created(properties, &problem.reason)
            }
            _ => self.write_failed(problem, rules),
        }
    }

    /// The create may have been carried out, in a batch that failed: whoever has the address by now is looked up first.
    pub(crate) fn look_before_creating_again(&mut self, rules: Rules<'_>) {
        self.look_up(rules);
    }

    /// A success passed over the create: whether there is a contact now is asked alone.
    pub(crate) fn create_passed_over(&mut self) {
        let reason = Reason::ours("NOT_LISTED", "a success did not list the contact to be created");
        match self.email() {
            Some(email) => self.step = Step::FindAlone(vec![email], Why::Created(reason)),
            None => self.fail(reason, Blame::Record, true),
        }
    }

    /// Values were refused: those that are named are left out. Where none is, the address makes the contact, and the
    /// rest is written to it. Without its address it could not be found again, so it is not made.
    fn values_not_created(&mut self, properties: &BTreeMap<String, Reason>, reason: &Reason) {
        let named = properties
            .iter()
            .filter_map(|(property, why)| Some((Field::from_property(property)?, why)));
        let named: Vec<(Field, &Reason)> = named.filter(|(field, _)| self.sent.contains(*field)).collect();
        let address_alone = self.sent == FieldSet::from_iter([Field::Email]);
        let refused = match (named.is_empty(), address_alone) {
            (false, _) => named,
            (true, true) => vec![(Field::Email, reason)],
            (true, false) => {
                self.manner = Manner::FieldByField;
                Vec::new()
            }
        };
        for (field, reason) in refused {
            let reason = reason.clone();
            self.settle(field, FieldResult::Rejected { reason });
        }
        if self.outcomes.contains_key(&Field::Email) {
            self.missing();
        } else {
            self.step = Step::Create;
        }
    }
}
