//! What was read, by the keys that were asked for. HubSpot does not say which key found a contact, and a success counts
//! for what it lists and for nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{Inspected, Inspection, ProblemKind, Profile};

/// An inspection and its answer.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) asked: Inspection,
    pub(crate) answer: Inspected,
}

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

/// The answers to inspections, indexed.
#[derive(Debug, Default)]
pub(crate) struct Contacts<'a> {
    by_id: BTreeMap<&'a str, &'a Profile>,
    by_former_id: BTreeMap<&'a str, &'a Profile>,
    /// In lower case.
    by_address: BTreeMap<String, &'a Profile>,
    /// Keys that HubSpot lists as not found, in lower case.
    absent: BTreeSet<String>,
    /// The contacts that were answered where one key alone was asked for, by that key: they can only be that one's.
    alone: BTreeMap<&'a str, &'a Profile>,
}

impl<'a> Contacts<'a> {
    pub(crate) fn new(read: &'a [Read]) -> Self {
        let mut contacts = Self::default();
        for Read { asked, answer } in read {
            contacts.add(answer);
            if let ([key], [profile]) = (asked.keys.as_slice(), answer.contacts.as_slice()) {
                contacts.alone.insert(key, profile);
            }
        }
        // A primary address wins over a secondary one.
        for profile in read.iter().flat_map(|read| &read.answer.contacts) {
            let address = profile.contact.email.iter();
            let primary = address.map(|address| (address.to_lowercase(), profile));
            contacts.by_address.extend(primary);
        }
        contacts
    }

    fn add(&mut self, answer: &'a Inspected) {
        for profile in &answer.contacts {
            self.by_id.insert(&profile.contact.id, profile);
            for former in &profile.former_ids {
                self.by_former_id.insert(former, profile);
            }
            for address in &profile.contact.additional_emails {
                self.by_address.insert(address.to_lowercase(), profile);
            }
        }
        let errors = answer.errors.iter();
        let not_found = errors.filter(|error| error.problem.kind == ProblemKind::NotFound);
        let ids = not_found.flat_map(|error| &error.ids);
        self.absent.extend(ids.map(|id| id.to_lowercase()));
    }

    /// The contact of a record id, or of a former one.
    pub(super) fn by_id(&self, id: &str) -> Seen<'a> {
        if let Some(profile) = self.by_id.get(id) {
            return Seen::Contact(profile);
        }
        match self.by_former_id.get(id).or(self.alone.get(id)).copied() {
            Some(profile) => Seen::Merged(profile),
            None => self.not_listed(id),
        }
    }

    /// The contact of an address, which is in lower case.
    pub(super) fn by_address(&self, address: &str) -> Seen<'a> {
        match self.by_address.get(address).or(self.alone.get(address)).copied() {
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
