//! What calls have written to each contact.
//!
//! This is a record for the checks and no model of HubSpot: it answers no call and has no rule. How each attempt ends is a step of the
//! sequence.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{Field, Value, Values};

use crate::rules::UnixMs;

/// The last value that was written to each field of each contact, and writes that are still to come.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Contacts {
    values: BTreeMap<String, Values>,
    /// Former ids of merged contacts, and the ids that followed them.
    merged: BTreeMap<String, String>,
    late: Vec<LateWrite>,
    /// Contacts and the addresses by which they were found. A secondary address is not the contact's value.
    found_by: BTreeSet<(String, Option<Value>)>,
}

/// The write of a call that was given up, or of a worker that died.
#[derive(Debug, Clone, Hash)]
pub(super) struct LateWrite {
    pub(super) contact: String,
    pub(super) values: Values,
    /// When it is applied at the latest; none until the attempt is given up.
    pub(super) at: Option<UnixMs>,
    pub(super) attempt: u64,
}

impl Contacts {
    /// The present id of a contact.
    pub(super) fn present_id<'a>(&'a self, contact: &'a str) -> &'a str {
        let mut contact = contact;
        while let Some(next) = self.merged.get(contact) {
            contact = next;
        }
        contact
    }

    pub(super) fn write(&mut self, contact: &str, values: Values) {
        let contact = self.present_id(contact).to_owned();
        if values.contains_key(&Field::EMAIL) {
            self.found_by.retain(|(found, _)| *found != contact);
        }
        self.values.entry(contact).or_default().extend(values);
    }

    /// The contact was found by this address.
    pub(super) fn record_found(&mut self, contact: &str, address: Option<Value>) {
        let contact = self.present_id(contact).to_owned();
        self.found_by.insert((contact, address));
    }

    /// Whether this is the field's last written value, or an address by which the contact was found.
    pub(super) fn has(&self, contact: &str, field: Field, value: Option<&Value>) -> bool {
        let contact = self.present_id(contact).to_owned();
        let written = self.values.get(&contact).and_then(|values| values.get(&field));
        let is_written = written.and_then(Option::as_ref) == value;
        let found = (contact, value.cloned());
        is_written || (field == Field::EMAIL && self.found_by.contains(&found))
    }

    /// The contact has another id from now on.
    pub(super) fn merge(&mut self, contact: &str, into: &str) {
        let contact = self.present_id(contact).to_owned();
        if let Some(values) = self.values.remove(&contact) {
            self.values.insert(into.to_owned(), values);
        }
        let found = std::mem::take(&mut self.found_by);
        let renamed = |(id, address)| (if id == contact { into.to_owned() } else { id }, address);
        self.found_by = found.into_iter().map(renamed).collect();
        self.merged.insert(contact, into.to_owned());
    }

    pub(super) fn add_late(&mut self, write: LateWrite) {
        self.late.push(write);
    }

    /// The attempt was given up: its write is applied by this time.
    pub(super) fn limit_late(&mut self, attempt: u64, at: UnixMs) {
        for write in self.late.iter_mut().filter(|write| write.attempt == attempt) {
            write.at.get_or_insert(at);
        }
    }

    /// Applies the oldest late write and returns its values; none if there is none.
    pub(super) fn apply_late(&mut self) -> Option<Values> {
        let has_one = !self.late.is_empty();
        has_one.then(|| self.apply(0))
    }

    /// Applies the late writes whose time has come.
    pub(super) fn apply_late_until(&mut self, now: UnixMs) {
        let is_due = |write: &LateWrite| write.at.is_some_and(|at| at <= now);
        while let Some(index) = self.late.iter().position(is_due) {
            self.apply(index);
        }
    }

    fn apply(&mut self, index: usize) -> Values {
        let write = self.late.remove(index);
        self.write(&write.contact, write.values.clone());
        write.values
    }

    /// When the next late write is applied.
    pub(super) fn next_late(&self) -> Option<UnixMs> {
        self.late.iter().filter_map(|write| write.at).min()
    }
}
