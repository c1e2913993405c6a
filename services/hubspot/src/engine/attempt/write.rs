//! Updates of the linked contact: what is sent, and what follows from each way in which HubSpot may decline it.

use std::collections::BTreeMap;

use contracts::{Field, FieldResult, FieldSet, Reason, Values};

use super::{
    Attempt, AttemptPolicy, Failure, FailureScope, Lookup, Step, WriteMode, verify::READ_BACK_AFTER,
};
use crate::engine::{CallError, CallErrorKind, WrittenContact};

impl Attempt {
    /// An update leaves: remembers which fields it carries, and returns their values.
    pub(crate) fn start_update(&mut self) -> Values {
        self.sent = match self.write_mode {
            WriteMode::Batch | WriteMode::Single => self.to_send(),
            WriteMode::FieldByField => self.to_send().iter().take(1).collect(),
        };
        self.values_of(self.sent)
    }

    pub(super) fn after_update(&mut self, contact: &WrittenContact, policy: AttemptPolicy<'_>) -> Step {
        self.written = self.written.union(self.sent);
        for field in self.sent.iter() {
            if self.is_shown(field, contact) {
                self.resolve(field, FieldResult::CONFIRMED);
            } else {
                self.unverified.insert(field);
            }
        }
        self.read_back_at = policy.now + READ_BACK_AFTER;
        if self.is_linked_to(&contact.contact_id) {
            self.check_address(&contact.values, contact.additional_emails.as_deref());
            return self.next_write();
        }
        // HubSpot answers under another id after the contact was merged into another one. The user service decides whose that
        // contact is, and needs its addresses for that.
        Step::Read(Some(contact.contact_id.clone()))
    }

    pub(super) fn after_failed_write(&mut self, error: &CallError, policy: AttemptPolicy<'_>) -> Step {
        let reason = error.reason.clone();
        match &error.kind {
            CallErrorKind::Invalid { fields } => self.after_rejected_values(fields, reason),
            CallErrorKind::Conflict => self.after_conflict(reason),
            // The contact was there a moment ago. If a write of this record alone does not find it, it is gone.
            CallErrorKind::NotFound if self.is_contact_seen => self.find(policy),
            // A batch may fail to find a contact that was merged. Reading it by its id tells.
            CallErrorKind::NotFound => Step::Read(None),
            // Only a whole call fails in the first three ways, and dispatch has recorded then what each of its records may have
            // written.
            CallErrorKind::ServerError { .. }
            | CallErrorKind::NoResponse
            | CallErrorKind::UnreadableBody
            | CallErrorKind::UnknownCategory
            | CallErrorKind::NoSuchPath => self.fail(Failure::of_record(reason)),
            // A permission does not change without an operator, so the failure is reported as one that does not pass by itself.
            CallErrorKind::Forbidden | CallErrorKind::MissingScopes | CallErrorKind::UnexpectedStatus => self
                .fail(Failure {
                    is_transient: false,
                    ..Failure::of_record(reason)
                }),
            kind @ (CallErrorKind::Locked
            | CallErrorKind::Unauthorized
            | CallErrorKind::Disconnected
            | CallErrorKind::Misconfigured
            | CallErrorKind::NoToken
            | CallErrorKind::AccountUnknown
            | CallErrorKind::WrongAccount
            | CallErrorKind::RateLimited { .. }
            | CallErrorKind::AccountMoving { .. }
            | CallErrorKind::Unreachable) => self.fail(Failure {
                scope: FailureScope::of(kind),
                ..Failure::of_record(reason)
            }),
        }
    }

    /// The rejected fields that the error names, as far as they were sent.
    pub(super) fn named_rejections(&self, fields: &BTreeMap<Field, Reason>) -> Vec<(Field, Reason)> {
        let named = fields.iter().filter(|(field, _)| self.sent.contains(**field));
        named.map(|(field, reason)| (*field, reason.clone())).collect()
    }

    /// Values were rejected: the named ones get that result, and the rest is sent again at once.
    fn after_rejected_values(&mut self, fields: &BTreeMap<Field, Reason>, reason: Reason) -> Step {
        let named = self.named_rejections(fields);
        if named.is_empty() {
            return self.after_unnamed_rejection(reason);
        }
        for (field, reason) in named {
            self.resolve(field, FieldResult::Rejected { reason });
        }
        self.next_write()
    }

    /// A rejection that names none of the fields is about the only field, if one was sent. Otherwise the fields are sent
    /// one by one to find out.
    fn after_unnamed_rejection(&mut self, reason: Reason) -> Step {
        let mut sent = self.sent.iter();
        if let (Some(field), None) = (sent.next(), sent.next()) {
            self.resolve(field, FieldResult::Rejected { reason });
        } else {
            self.write_mode = WriteMode::FieldByField;
        }
        self.next_write()
    }

    /// Another contact has the address. Even where HubSpot names it, it is looked up, because the user service needs its addresses
    /// to decide whose contact it is.
    fn after_conflict(&mut self, reason: Reason) -> Step {
        match self.email().filter(|_| self.sent.contains(Field::EMAIL)) {
            // No address was sent, so the conflict is about another unique property: a rejection like any other.
            None => self.after_unnamed_rejection(reason),
            Some(email) => Step::Find(Lookup::after_conflict(email, reason)),
        }
    }

    pub(super) fn resolve_pending_as_not_found(&mut self) -> Step {
        for field in self.pending.iter() {
            self.results.insert(field, FieldResult::NotFound);
        }
        self.pending = FieldSet::EMPTY;
        Step::Done
    }
}
