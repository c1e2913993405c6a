//! Creating a contact for a user that has none, where the settings ask for it.

use contracts::{Field, FieldResult, FieldSet, LinkOrigin, NewLink, Reason, Values, lowercase_address};

use super::{Attempt, AttemptPolicy, Failure, Lookup, Step, WriteMode, verify::result_of_only_write};
use crate::engine::{CallError, CallErrorKind, MissingContact, WrittenContact};

impl Attempt {
    pub(super) fn may_create(&self, policy: AttemptPolicy<'_>) -> bool {
        policy.missing_contact == MissingContact::Create
            && self.claim.never_linked
            && self.claim.link.is_none()
    }

    /// No contact has an address of this user: creates one, unless HubSpot may still create one under another address.
    pub(super) fn next_create(&mut self) -> Step {
        let own = self.create_address();
        let mut in_doubt = self
            .claim
            .possible_creates
            .iter()
            .filter(|create| create.in_doubt);
        if in_doubt.any(|create| own.as_ref() != Some(&lowercase_address(&create.address))) {
            let reason = Reason::ours(
                "CREATE_IN_DOUBT",
                "HubSpot may still create a contact under the former address",
            );
            self.fail(Failure::of_account(reason))
        } else {
            Step::Create
        }
    }

    /// The address to create a contact under, in lower case.
    pub(crate) fn create_address(&self) -> Option<String> {
        Some(lowercase_address(&self.email()?))
    }

    /// A create leaves: returns every field that has a value and was not rejected, dirty or not. After a rejection that
    /// named no field, only the address goes along.
    pub(crate) fn start_create(&mut self) -> Values {
        let goes_along = |field: &Field| *field == Field::EMAIL || self.write_mode != WriteMode::FieldByField;
        let given = self.claim.values.iter().filter(|(_, value)| value.is_some());
        self.sent = given
            .map(|(field, _)| *field)
            .filter(goes_along)
            .filter(|field| !self.results.contains_key(field))
            .collect();
        self.values_of(self.sent)
    }

    /// The contact was created. The link is reported at once. A field whose value the answer does not show stays pending: the next
    /// attempt writes it through the link, and reads it back if that answer does not show it either.
    pub(super) fn after_create(&mut self, contact: &WrittenContact, policy: AttemptPolicy<'_>) -> Step {
        self.written = self.written.union(self.sent);
        // Fields that are never written again have their result here, also those that were not dirty.
        let once: FieldSet = self
            .sent
            .iter()
            .filter(|field| self.fields.is_written_once(*field))
            .collect();
        for field in self.pending.union(once).iter() {
            // A field without a value is empty at HubSpot, too. A field that did not go along stays pending.
            let is_empty = self.value(field).is_none();
            let is_sent = self.sent.contains(field);
            if is_empty || (is_sent && self.is_shown(field, contact)) {
                self.resolve(field, FieldResult::CONFIRMED);
            } else if is_sent && self.fields.is_written_once(field) {
                // It is never written through the link, so what this answer shows is all that will be known of it.
                let result = result_of_only_write(field, contact);
                self.resolve(field, result);
            }
        }
        self.confirmed_address = self.email();
        self.link = Some(NewLink {
            contact_id: contact.contact_id.clone(),
            account_id: policy.account_id.to_owned(),
            address: self.email(),
            origin: LinkOrigin::Created,
            primary_address: self.email(),
            former_ids: Vec::new(),
        });
        Step::Done
    }

    pub(super) fn after_failed_create(&mut self, error: &CallError, policy: AttemptPolicy<'_>) -> Step {
        let reason = error.reason.clone();
        match (&error.kind, self.email()) {
            // Another program created it first, or HubSpot applied an earlier create late. The contact that has the address now
            // is the user's.
            (CallErrorKind::Conflict, Some(email)) => Step::Find(Lookup::after_create(email, reason)),
            (CallErrorKind::NotFound | CallErrorKind::Conflict, _) => self.fail(Failure::of_record(reason)),
            (CallErrorKind::Invalid { fields }, _) => {
                let named = self.named_rejections(fields);
                self.after_rejected_create(named, &reason)
            }
            _ => self.after_failed_write(error, policy),
        }
    }

    /// The response does not mention the create. A lookup of this address alone tells whether the contact exists.
    pub(super) fn after_unlisted_create(&mut self) -> Step {
        let reason = Reason::ours("NOT_LISTED", "a success did not list the contact to be created");
        match self.email() {
            Some(email) => Step::FindSingle(Lookup::after_create(email, reason)),
            None => self.fail(Failure::of_record(reason)),
        }
    }

    /// Values were rejected: the named ones are left out of the next create. If none is named, the contact is created
    /// with its address alone, and the rest is written to it afterwards.
    fn after_rejected_create(&mut self, named: Vec<(Field, Reason)>, reason: &Reason) -> Step {
        let was_address_alone = self.sent == FieldSet::from_iter([Field::EMAIL]);
        let rejected = match (named.is_empty(), was_address_alone) {
            (false, _) => named,
            (true, true) => vec![(Field::EMAIL, reason.clone())],
            (true, false) => {
                self.write_mode = WriteMode::FieldByField;
                Vec::new()
            }
        };
        for (field, reason) in rejected {
            self.resolve(field, FieldResult::Rejected { reason });
        }
        // Without its address the contact could not be found again, so it is not created.
        if self.results.contains_key(&Field::EMAIL) {
            self.resolve_pending_as_not_found()
        } else {
            Step::Create
        }
    }
}
