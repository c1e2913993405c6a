//! Refusals of values, and addresses that another contact holds.

use std::collections::BTreeMap;

use contracts::{Field, FieldResult, LinkOrigin, Reason};

use super::{Attempt, Blame, Holder, Manner, Rules, Step, Why};
use crate::engine::{CallError, CallErrorKind, EmailConflict};

impl Attempt {
    /// The write of this record, and no other, met a problem.
    pub(crate) fn write_failed(&mut self, problem: CallError, rules: Rules<'_>) {
        let CallError { kind, reason } = problem;
        match kind {
            CallErrorKind::Invalid { properties } => self.values_refused(&properties, reason),
            CallErrorKind::Conflict { existing_id } => self.conflicted(existing_id, reason, rules),
            // A contact that was read a moment ago is gone if a write alone does not find it.
            CallErrorKind::NotFound if self.seen => self.is_gone(rules),
            CallErrorKind::NotFound => self.passed_over(),
            CallErrorKind::ServerError { .. } | CallErrorKind::NoResponse => {
                self.may_have_been_written(true);
                self.fail(reason, Blame::Record, true);
            }
            CallErrorKind::UnreadableBody => {
                self.may_have_been_written(false);
                self.fail(reason, Blame::Record, true);
            }
            CallErrorKind::Forbidden | CallErrorKind::UnexpectedStatus => {
                self.fail(reason, Blame::Record, false)
            }
            CallErrorKind::Locked
            | CallErrorKind::NoSuchPath
            | CallErrorKind::Unauthorized
            | CallErrorKind::Disconnected
            | CallErrorKind::Misconfigured
            | CallErrorKind::NoToken
            | CallErrorKind::MissingScopes
            | CallErrorKind::AccountUnknown
            | CallErrorKind::WrongAccount
            | CallErrorKind::RateLimited { .. }
            | CallErrorKind::AccountMoving { .. }
            | CallErrorKind::Unreachable => self.fail(reason, Blame::for_problem(&kind), true),
        }
    }

    /// Values were refused: the named ones are left out and the rest is sent again at once.
    fn values_refused(&mut self, properties: &BTreeMap<String, Reason>, reason: Reason) {
        let named = properties
            .iter()
            .filter_map(|(property, why)| Some((Field::from_property(property)?, why)));
        let named: Vec<(Field, &Reason)> = named.filter(|(field, _)| self.sent.contains(*field)).collect();
        if named.is_empty() {
            return self.refused_without_a_name(reason);
        }
        for (field, reason) in named {
            self.settle(
                field,
                FieldResult::Rejected {
                    reason: reason.clone(),
                },
            );
        }
        self.go_on();
    }

    /// A refusal that names none of the fields is the field's own if there is one; else fields go one by one.
    fn refused_without_a_name(&mut self, reason: Reason) {
        let mut sent = self.sent.iter();
        if let (Some(field), None) = (sent.next(), sent.next()) {
            self.settle(field, FieldResult::Rejected { reason });
        } else {
            self.manner = Manner::FieldByField;
        }
        self.go_on();
    }

    fn conflicted(&mut self, existing_id: Option<String>, reason: Reason, rules: Rules<'_>) {
        let email = self.email().filter(|_| self.sent.contains(Field::Email));
        match (email, existing_id) {
            // About another unique property: a refusal like any other.
            (None, _) => self.refused_without_a_name(reason),
            (Some(_), Some(id)) => self.address_is_held_by(id, reason, rules),
            (Some(email), None) => self.step = Step::Find(vec![email], Why::Conflict(reason)),
        }
    }

    /// The contact that holds the address is known. It may be the user's own, merged into it: that one is asked for by
    /// its id, and tells its present one.
    pub(super) fn address_is_held_by(&mut self, contact_id: String, reason: Reason, rules: Rules<'_>) {
        if self.contact_id() == Some(contact_id.as_str()) {
            self.settle(Field::Email, FieldResult::Confirmed);
            return self.go_on();
        }
        let holder = Holder { contact_id, reason };
        if self.seen {
            self.address_is_taken(&holder, rules);
        } else {
            self.step = Step::Read(Some(holder));
        }
    }

    /// Another contact holds the address.
    pub(super) fn address_is_taken(&mut self, holder: &Holder, rules: Rules<'_>) {
        match (rules.email_taken, self.email()) {
            (EmailConflict::Follow, Some(email)) => {
                self.link_to(&holder.contact_id, &email, LinkOrigin::Followed, rules);
            }
            (EmailConflict::Reject, _) | (EmailConflict::Follow, None) => {
                let reason = holder.reason.clone();
                self.settle(Field::Email, FieldResult::Conflict { reason });
                self.go_on();
            }
        }
    }
}
