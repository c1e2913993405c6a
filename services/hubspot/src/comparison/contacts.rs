//! What was read, by the keys that were asked for. HubSpot does not say which key found a contact, and a success counts
//! for what it lists and for nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{Inspected, Inspection, ProblemKind, Profile};

/// What a key has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen<'a> {
    /// This contact has it.
    Contact(&'a Profile),
    /// This contact took over the one that had it.
    Merged(&'a Profile),
    /// No contact has it.
    Absent,
    /// The answer says nothing of it.
    NotTold,
}

/// The answer to one inspection, indexed.
#[derive(Debug, Default)]
pub(crate) struct Contacts<'a> {
    by_id: BTreeMap<&'a str, &'a Profile>,
    by_former_id: BTreeMap<&'a str, &'a Profile>,
    /// In lower case.
    by_address: BTreeMap<String, &'a Profile>,
    /// Keys that HubSpot lists as not found, in lower case.
    absent: BTreeSet<String>,
    /// The contact that was answered where one key alone was asked for: it can only be that one's.
    only: Option<&'a Profile>,
}

impl<'a> Contacts<'a> {
    pub(crate) fn new(asked: &Inspection, answer: &'a Inspected) -> Self {
        let mut contacts = Self::default();
        for profile in &answer.contacts {
            contacts.by_id.insert(&profile.contact.id, profile);
            for former in &profile.former_ids {
                contacts.by_former_id.insert(former, profile);
            }
            for address in &profile.contact.additional_emails {
                contacts.by_address.insert(address.to_lowercase(), profile);
            }
        }
        // A primary address wins over a secondary one.
        for profile in &answer.contacts {
            let address = profile.contact.email.iter();
            let primary = address.map(|address| (address.to_lowercase(), profile));
            contacts.by_address.extend(primary);
        }
        let errors = answer.errors.iter();
        let not_found = errors.filter(|error| error.problem.kind == ProblemKind::NotFound);
        let ids = not_found.flat_map(|error| &error.ids);
        contacts.absent = ids.map(|id| id.to_lowercase()).collect();
        contacts.only = match (asked.keys.as_slice(), answer.contacts.as_slice()) {
            ([_], [profile]) => Some(profile),
            _ => None,
        };
        contacts
    }

    /// The contact of a record id, or of a former one.
    pub(super) fn by_id(&self, id: &str) -> Seen<'a> {
        if let Some(profile) = self.by_id.get(id) {
            return Seen::Contact(profile);
        }
        match self.by_former_id.get(id).copied().or(self.only) {
            Some(profile) => Seen::Merged(profile),
            None => self.not_listed(id),
        }
    }

    /// The contact of an address, which is in lower case.
    pub(super) fn by_address(&self, address: &str) -> Seen<'a> {
        match self.by_address.get(address).copied().or(self.only) {
            Some(profile) => Seen::Contact(profile),
            None => self.not_listed(address),
        }
    }

    fn not_listed(&self, key: &str) -> Seen<'a> {
        if self.absent.contains(key) {
            Seen::Absent
        } else {
            Seen::NotTold
        }
    }
}
