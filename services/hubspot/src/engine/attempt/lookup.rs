//! Lookups by address: which addresses are asked for and why, what a response says about each, and what follows.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{LinkOrigin, Reason, lowercase_address};

use super::{Attempt, AttemptPolicy, Failure, FailureScope, Step};
use crate::engine::{CallError, CallErrorKind, Check, Contact, InputError, MissingContact};

/// A lookup by address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookup {
    /// The first address that finds a contact counts.
    addresses: Vec<String>,
    purpose: Purpose,
}

/// Why an address is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Purpose {
    /// To learn which contact is the user's.
    Link,
    /// To learn which contact holds the address that a conflict was about.
    Conflict(Reason),
    /// To learn which contact has the address that a create was for.
    AfterCreate(Reason),
}

impl Lookup {
    pub(super) fn after_conflict(email: String, reason: Reason) -> Self {
        Self {
            addresses: vec![email],
            purpose: Purpose::Conflict(reason),
        }
    }

    pub(super) fn after_create(email: String, reason: Reason) -> Self {
        Self {
            addresses: vec![email],
            purpose: Purpose::AfterCreate(reason),
        }
    }

    /// The addresses in lower case, as HubSpot compares them.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = String> {
        self.addresses.iter().map(|address| lowercase_address(address))
    }
}

/// What a response says about one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LookupResult {
    /// This contact has it.
    Contact(Contact, LinkOrigin),
    /// No contact has it.
    NotFound,
    /// The response does not mention it.
    Unlisted,
    /// It could not be looked up.
    Failed(CallError),
}

/// The response to a batch read by address.
#[derive(Debug)]
pub(crate) struct FoundContacts<'r> {
    /// Which contact has an address in lower case, and how.
    by_address: BTreeMap<String, (&'r Contact, LinkOrigin)>,
    contacts: &'r [Contact],
    requested: &'r [String],
    errors: &'r [InputError],
}

impl<'r> FoundContacts<'r> {
    pub(crate) fn new(requested: &'r [String], contacts: &'r [Contact], errors: &'r [InputError]) -> Self {
        Self {
            by_address: index_by_address(contacts),
            contacts,
            requested,
            errors,
        }
    }

    pub(super) fn result_for(&self, address: &str) -> LookupResult {
        let address = lowercase_address(address);
        if let Some((contact, origin)) = self.by_address.get(&address) {
            return LookupResult::Contact((*contact).clone(), *origin);
        }
        let is_about = |error: &&InputError| error.ids.iter().any(|id| lowercase_address(id) == address);
        match (self.errors.iter().find(is_about), self.contacts, self.requested) {
            (Some(error), _, _) if error.error.kind == CallErrorKind::NotFound => LookupResult::NotFound,
            (Some(error), _, _) => LookupResult::Failed(error.error.clone()),
            // Nothing else was requested, so HubSpot found this contact by the address.
            (None, [contact], [_]) if contact.may_hide(&address) => {
                LookupResult::Contact(contact.clone(), LinkOrigin::SecondaryAddress)
            }
            (None, _, _) => LookupResult::Unlisted,
        }
    }
}

/// HubSpot does not say which address found a contact, so every address that a contact shows counts.
fn index_by_address(contacts: &[Contact]) -> BTreeMap<String, (&Contact, LinkOrigin)> {
    let secondary = contacts.iter().flat_map(|contact| {
        let addresses = contact.secondary_addresses().iter();
        addresses.map(move |address| {
            let holder = (contact, LinkOrigin::SecondaryAddress);
            (lowercase_address(address), holder)
        })
    });
    let primary = contacts.iter().filter_map(|contact| {
        let address = lowercase_address(contact.email.as_ref()?);
        Some((address, (contact, LinkOrigin::PrimaryAddress)))
    });
    // The primary addresses come last, so they win over secondary ones.
    secondary.chain(primary).collect()
}

/// What a lookup of a single address, in lower case, says when it returns this contact. HubSpot has its own idea of
/// which addresses are equal, so the contact has to show the address, or hide its secondary ones.
pub(crate) fn result_of_single_lookup(contact: &Contact, address: &str) -> LookupResult {
    let hidden = contact.may_hide(address).then_some(LinkOrigin::SecondaryAddress);
    if let Some(origin) = contact.shows(address).or(hidden) {
        return LookupResult::Contact(contact.clone(), origin);
    }
    let reason = Reason::ours(
        "ADDRESS_NOT_SHOWN",
        "HubSpot returned a contact that has other addresses than the one that was looked up",
    );
    LookupResult::Failed(CallError {
        kind: CallErrorKind::UnexpectedStatus,
        reason,
    })
}

impl Attempt {
    /// Looks the user up: by the address that its former contact last confirmed, by its current address, and by those
    /// under which a contact may have been created.
    pub(super) fn find(&mut self, policy: AttemptPolicy<'_>) -> Step {
        // The contact that had values of a former user is gone.
        self.former_values.clear();
        self.reads_first = false;
        let confirmed = self.claim.link.as_ref().and_then(|link| link.address.clone());
        let creates = self.claim.possible_creates.iter();
        let creates = creates.filter(|_| policy.missing_contact == MissingContact::Create);
        let mut addresses: Vec<String> = confirmed
            .into_iter()
            .chain(self.email())
            .chain(creates.map(|create| create.address.clone()))
            .collect();
        let mut seen = BTreeSet::new();
        addresses.retain(|address| seen.insert(lowercase_address(address)));
        if addresses.is_empty() {
            return self.resolve_pending_as_not_found();
        }
        Step::Find(Lookup {
            addresses,
            purpose: Purpose::Link,
        })
    }

    pub(super) fn after_lookup(
        &mut self,
        lookup: Lookup,
        policy: AttemptPolicy<'_>,
        result_for: impl Fn(&str) -> LookupResult,
    ) -> Step {
        for (index, address) in lookup.addresses.iter().enumerate() {
            match result_for(address) {
                LookupResult::Contact(contact, origin) => {
                    return self.after_contact_found(&contact, address, origin, &lookup.purpose, policy);
                }
                LookupResult::NotFound => {}
                // The later addresses must not be tried before this one is known to find nothing.
                LookupResult::Unlisted => {
                    return Step::FindSingle(Lookup {
                        addresses: lookup.addresses[index..].to_vec(),
                        purpose: lookup.purpose,
                    });
                }
                LookupResult::Failed(error) => {
                    let scope = FailureScope::of(&error.kind);
                    return self.fail(Failure {
                        scope,
                        check: Check::Lookups,
                        ..Failure::of_record(error.reason)
                    });
                }
            }
        }
        self.after_nothing_found(lookup.purpose, policy)
    }

    /// No contact has the first address: goes on with the next one.
    pub(super) fn after_address_not_found(&mut self, mut lookup: Lookup, policy: AttemptPolicy<'_>) -> Step {
        lookup.addresses.remove(0);
        if lookup.addresses.is_empty() {
            self.after_nothing_found(lookup.purpose, policy)
        } else {
            Step::Find(lookup)
        }
    }

    fn after_nothing_found(&mut self, purpose: Purpose, policy: AttemptPolicy<'_>) -> Step {
        match purpose {
            Purpose::Link if self.may_create(policy) => self.next_create(),
            Purpose::Link => self.resolve_pending_as_not_found(),
            // HubSpot first said that a contact has the address, and now finds none. The next attempt looks again.
            Purpose::Conflict(reason) | Purpose::AfterCreate(reason) => self.fail(Failure::of_record(reason)),
        }
    }

    fn after_contact_found(
        &mut self,
        contact: &Contact,
        address: &str,
        origin: LinkOrigin,
        purpose: &Purpose,
        policy: AttemptPolicy<'_>,
    ) -> Step {
        if let Purpose::Conflict(reason) = purpose {
            return self.after_holder_found(contact, reason, policy);
        }
        if self.is_linked_to(&contact.id) {
            // HubSpot finds the contact by its address and not by its id. Linking it again would run in circles, so the
            // next attempt comes after a pause.
            let reason = Reason::ours(
                "CONTACT_UNSETTLED",
                "the contact is found by its address but not by its id",
            );
            return self.fail(Failure::of_record(reason));
        }
        if self.is_merged_into(contact) {
            self.record_merge(contact, policy);
            return Step::Done;
        }
        self.link_to(contact, address, origin, policy)
    }
}
