//! Which contact is the user's: lookups by address, contacts that moved, contacts that are gone.

use std::collections::BTreeSet;

use contracts::{FieldResult, FieldSet, LinkOrigin, NewLink, Reason, lowercase_address};

use super::{Attempt, Blame, Manner, Rules, Step, Why};
use crate::engine::{CallError, Contact, MissingContact};

/// What a batch read says of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// This contact has it.
    Contact(String, LinkOrigin),
    /// No contact has it.
    Absent,
    /// The answer does not account for it.
    Unlisted,
    /// It could not be looked up.
    Failed(CallError),
}

impl Attempt {
    /// HubSpot answered for the contact under another id: it was merged into that one.
    pub(super) fn moved_to(&mut self, contact_id: &str, rules: Rules<'_>) {
        self.link = Some(NewLink {
            contact_id: contact_id.to_owned(),
            account_id: rules.account_id.to_owned(),
            address: None,
            origin: LinkOrigin::Merged,
        });
    }

    /// Looks the user up: by the last confirmed address where its contact is gone, then by the current one.
    pub(super) fn look_up(&mut self, rules: Rules<'_>) {
        let confirmed = self.claim.link.as_ref().and_then(|link| link.address.clone());
        let creating = self.claim.possible_creates.iter();
        let creating = creating.filter(|_| rules.missing == MissingContact::Create);
        let mut addresses: Vec<String> = confirmed
            .into_iter()
            .chain(self.email())
            .chain(creating.map(|creating| creating.address.clone()))
            .collect();
        let mut seen = BTreeSet::new();
        addresses.retain(|address| seen.insert(lowercase_address(address)));
        if addresses.is_empty() {
            self.missing();
        } else {
            self.step = Step::Find(addresses, Why::Link);
        }
    }

    /// A lookup was answered; `result` says what it found for an address.
    pub(crate) fn looked_up(&mut self, rules: Rules<'_>, result: impl Fn(&str) -> Lookup) {
        let (Step::Find(addresses, why) | Step::FindAlone(addresses, why)) = self.step.clone() else {
            return;
        };
        for (index, address) in addresses.iter().enumerate() {
            match result(address) {
                Lookup::Contact(id, found) => return self.found(&id, address, found, &why, rules),
                Lookup::Absent => {}
                Lookup::Unlisted => {
                    self.step = Step::FindAlone(addresses[index..].to_vec(), why);
                    return;
                }
                Lookup::Failed(problem) => {
                    let blame = Blame::for_problem(&problem.kind);
                    return self.fail(problem.reason, blame, true);
                }
            }
        }
        self.found_nothing(why, rules);
    }

    /// The first address was looked up alone, and no contact has it: goes on with the next one.
    pub(crate) fn address_is_absent(&mut self, rules: Rules<'_>) {
        let Step::FindAlone(mut addresses, why) = self.step.clone() else {
            return;
        };
        addresses.remove(0);
        if addresses.is_empty() {
            self.found_nothing(why, rules);
        } else {
            self.step = Step::Find(addresses, why);
        }
    }

    fn found_nothing(&mut self, why: Why, rules: Rules<'_>) {
        match why {
            Why::Link if self.may_create(rules) => self.create(),
            Why::Link => self.missing(),
            // The conflict and the lookup contradict each other; the next attempt may see clearer.
            Why::Conflict(reason) | Why::Created(reason) => self.fail(reason, Blame::Record, true),
        }
    }

    fn found(&mut self, contact_id: &str, address: &str, found: LinkOrigin, why: &Why, rules: Rules<'_>) {
        if let Why::Conflict(reason) = why {
            return self.address_is_held_by(contact_id.to_owned(), reason.clone(), rules);
        }
        if self.contact_id() == Some(contact_id) {
            // Not there by its id, yet found by its address under the same id: HubSpot has to settle first.
            let reason = Reason::ours(
                "CONTACT_UNSETTLED",
                "the contact is found by its address but not by its id",
            );
            return self.fail(reason, Blame::Record, true);
        }
        self.link_to(contact_id, address, found, rules);
    }

    /// Ends with a link to report: it is recorded before anything is written through it. What the contact before had
    /// confirmed says nothing of this one.
    pub(super) fn link_to(&mut self, contact_id: &str, address: &str, found: LinkOrigin, rules: Rules<'_>) {
        self.outcomes
            .retain(|_, outcome| *outcome != FieldResult::Confirmed);
        self.confirmed_address = None;
        self.link = Some(NewLink {
            contact_id: contact_id.to_owned(),
            account_id: rules.account_id.to_owned(),
            address: Some(address.to_owned()),
            origin: found,
        });
        self.step = Step::Done;
    }

    /// A batch update did not account for the contact, or does not know it: it is asked for by its id.
    pub(crate) fn passed_over(&mut self) {
        self.step = Step::Read(None);
    }

    /// The contact was asked for by its id, and this one answered.
    pub(crate) fn was_read(&mut self, contact: &Contact, rules: Rules<'_>) {
        if self.contact_id() == Some(contact.id.as_str()) {
            if let Step::Read(Some(holder)) = self.step.clone() {
                return self.address_is_taken(&holder, rules);
            }
            // It exists, so the success that did not list it wrote nothing: written alone.
            self.seen = true;
            if self.manner == Manner::Together {
                self.manner = Manner::Alone;
            }
            self.go_on();
        } else {
            self.moved_to(&contact.id, rules);
            self.step = Step::Done;
        }
    }

    /// No contact answers to the id.
    pub(crate) fn is_gone(&mut self, rules: Rules<'_>) {
        self.look_up(rules);
    }

    pub(super) fn missing(&mut self) {
        for field in self.pending.iter() {
            self.outcomes.insert(field, FieldResult::NotFound);
        }
        self.pending = FieldSet::EMPTY;
        self.step = Step::Done;
    }
}
