//! Which contact is the user's: contacts that moved by a merge, and addresses that another contact holds.

use contracts::{Field, FieldResult, LinkOrigin, NewLink, Reason};

use super::{Attempt, AttemptPolicy, Step, WriteMode};
use crate::engine::EmailConflict;

/// The contact that holds an address which could not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddressHolder {
    pub(super) contact_id: String,
    /// What HubSpot said about the conflict.
    pub(super) reason: Reason,
}

impl Attempt {
    /// HubSpot answered for the contact under another id, because it was merged into that one.
    pub(super) fn record_merge(&mut self, contact_id: &str, policy: AttemptPolicy<'_>) {
        self.link = Some(NewLink {
            contact_id: contact_id.to_owned(),
            account_id: policy.account_id.to_owned(),
            address: None,
            origin: LinkOrigin::Merged,
        });
    }

    /// Ends with a link to report: the user service has to accept it before anything is written through it. The fields
    /// that the former contact confirmed are pending for this one, so their results are dropped.
    pub(super) fn link_to(
        &mut self,
        contact_id: &str,
        address: &str,
        origin: LinkOrigin,
        policy: AttemptPolicy<'_>,
    ) -> Step {
        self.results.retain(|_, result| !result.is_confirmed());
        self.confirmed_address = None;
        self.link = Some(NewLink {
            contact_id: contact_id.to_owned(),
            account_id: policy.account_id.to_owned(),
            address: Some(address.to_owned()),
            origin,
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

    /// The contact that holds the address is known.
    pub(super) fn after_holder_found(&mut self, holder: AddressHolder, policy: AttemptPolicy<'_>) -> Step {
        if self.is_linked_to(&holder.contact_id) {
            self.resolve(Field::EMAIL, FieldResult::CONFIRMED);
            return self.next_write();
        }
        if self.is_contact_seen {
            self.after_address_conflict(&holder, policy)
        } else {
            // The user's contact may have been merged into the holder. Reading it by its id tells its present id.
            Step::Read(Some(holder))
        }
    }

    /// Another contact holds the address.
    pub(super) fn after_address_conflict(
        &mut self,
        holder: &AddressHolder,
        policy: AttemptPolicy<'_>,
    ) -> Step {
        match (policy.email_conflict, self.email()) {
            (EmailConflict::Follow, Some(email)) => {
                self.link_to(&holder.contact_id, &email, LinkOrigin::Followed, policy)
            }
            (EmailConflict::Reject, _) | (EmailConflict::Follow, None) => {
                let reason = holder.reason.clone();
                self.resolve(Field::EMAIL, FieldResult::Conflict { reason });
                self.next_write()
            }
        }
    }
}
