//! Which contact is the user's: contacts that moved by a merge, and addresses that another contact holds.

use contracts::{Field, FieldResult, LinkOrigin, NewLink, Reason};

use super::{Attempt, AttemptPolicy, Failure, Step, WriteMode};
use crate::engine::{Contact, EmailConflict};

impl Attempt {
    /// HubSpot answered for the contact under another id, because it was merged into that one.
    pub(super) fn record_merge(&mut self, contact: &Contact, policy: AttemptPolicy<'_>) {
        self.link = Some(NewLink {
            contact_id: contact.id.clone(),
            account_id: policy.account_id.to_owned(),
            address: None,
            origin: LinkOrigin::Merged,
            primary_address: contact.email.clone(),
            former_ids: contact.former_ids.clone(),
        });
    }

    /// HubSpot answered an update with another id, and then knew no contact with that id. The next attempt finds out.
    pub(super) fn after_merge_vanished(&mut self) -> Step {
        let reason = Reason::ours(
            "CONTACT_UNSETTLED",
            "HubSpot answered with another id than the contact's, and knows no contact with that id",
        );
        self.fail(Failure::of_record(reason))
    }

    /// Whether the user's contact was merged into this one.
    pub(super) fn is_merged_into(&self, contact: &Contact) -> bool {
        self.contact_id()
            .is_some_and(|own| contact.former_ids.iter().any(|former| former == own))
    }

    /// Ends with a link to report: the user service has to accept it before anything is written through it. The fields
    /// that the former contact confirmed or left alone are pending for this one, so their results are dropped.
    pub(super) fn link_to(
        &mut self,
        contact: &Contact,
        address: &str,
        origin: LinkOrigin,
        policy: AttemptPolicy<'_>,
    ) -> Step {
        self.results.retain(|_, result| !result.is_settled());
        self.confirmed_address = None;
        self.link = Some(NewLink {
            contact_id: contact.id.clone(),
            account_id: policy.account_id.to_owned(),
            address: Some(address.to_owned()),
            origin,
            primary_address: contact.email.clone(),
            former_ids: contact.former_ids.clone(),
        });
        Step::Done
    }

    /// A read by id has shown that the contact exists.
    pub(super) fn after_contact_seen(&mut self) -> Step {
        self.is_contact_seen = true;
        // The batch update that did not mention this contact wrote nothing to it. A batch could fail to mention it
        // again, so it is written alone.
        if self.write_mode == WriteMode::Batch {
            self.write_mode = WriteMode::Single;
        }
        self.next_write()
    }

    /// The contact that holds the address of a conflict is known.
    pub(super) fn after_holder_found(
        &mut self,
        holder: &Contact,
        reason: &Reason,
        policy: AttemptPolicy<'_>,
    ) -> Step {
        if self.is_linked_to(&holder.id) {
            self.resolve(Field::EMAIL, FieldResult::CONFIRMED);
            return self.next_write();
        }
        if self.is_merged_into(holder) {
            self.record_merge(holder, policy);
            return Step::Done;
        }
        match (policy.email_conflict, self.email()) {
            (EmailConflict::Follow, Some(email)) => {
                self.link_to(holder, &email, LinkOrigin::Followed, policy)
            }
            (EmailConflict::Reject, _) | (EmailConflict::Follow, None) => {
                let reason = reason.clone();
                self.resolve(Field::EMAIL, FieldResult::Conflict { reason });
                self.next_write()
            }
        }
    }
}
