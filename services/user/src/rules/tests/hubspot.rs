//! HubSpot, as far as a row is concerned: contacts that hold values, and calls carried out late.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{Field, Values};

use crate::rules::UnixMs;

/// Contacts, and calls that are yet to be carried out.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct HubSpot {
    contacts: BTreeMap<String, Values>,
    /// Former id to present one.
    merged: BTreeMap<String, String>,
    late: Vec<LateCall>,
    /// Contacts and the addresses they were found by; a secondary address is not the contact's value.
    found_by: BTreeSet<(String, Option<String>)>,
}

/// A call whose caller gave up.
#[derive(Debug, Clone, Hash)]
pub(super) struct LateCall {
    pub(super) contact: String,
    pub(super) values: Values,
    /// When it is carried out; none while its caller may still wait.
    pub(super) at: Option<UnixMs>,
    /// The attempt it belongs to.
    pub(super) attempt: u64,
    pub(super) user: usize,
}

impl HubSpot {
    fn resolve<'a>(&'a self, contact: &'a str) -> &'a str {
        let mut contact = contact;
        while let Some(next) = self.merged.get(contact) {
            contact = next;
        }
        contact
    }

    /// The id under which the contact answers now.
    pub(super) fn present_id(&self, contact: &str) -> String {
        self.resolve(contact).to_owned()
    }

    pub(super) fn write(&mut self, contact: &str, values: Values) {
        let contact = self.resolve(contact).to_owned();
        if values.contains_key(&Field::EMAIL) {
            self.found_by.retain(|(found, _)| *found != contact);
        }
        self.contacts.entry(contact).or_default().extend(values);
    }

    pub(super) fn value(&self, contact: &str, field: Field) -> Option<String> {
        self.contacts.get(self.resolve(contact))?.get(&field)?.clone()
    }

    /// The contact answers to that address.
    pub(super) fn find(&mut self, contact: &str, address: Option<String>) {
        let contact = self.resolve(contact).to_owned();
        self.found_by.insert((contact, address));
    }

    /// Whether the contact holds that, or answers to it.
    pub(super) fn holds(&self, contact: &str, field: Field, value: Option<&str>) -> bool {
        let found = (self.resolve(contact).to_owned(), value.map(str::to_owned));
        self.value(contact, field).as_deref() == value
            || (field == Field::EMAIL && self.found_by.contains(&found))
    }

    /// The contact goes on under another id.
    pub(super) fn merge(&mut self, contact: &str, into: &str) {
        let contact = self.resolve(contact).to_owned();
        if let Some(values) = self.contacts.remove(&contact) {
            self.contacts.insert(into.to_owned(), values);
        }
        let found = std::mem::take(&mut self.found_by);
        let renamed = |(id, address)| (if id == contact { into.to_owned() } else { id }, address);
        self.found_by = found.into_iter().map(renamed).collect();
        self.merged.insert(contact, into.to_owned());
    }

    pub(super) fn write_late(&mut self, call: LateCall) {
        self.late.push(call);
    }

    /// The caller of that attempt is known to have given up: what it left is carried out at that time at the latest.
    pub(super) fn limit_late(&mut self, user: usize, attempt: u64, at: UnixMs) {
        let of_attempt = |call: &&mut LateCall| call.user == user && call.attempt == attempt;
        for call in self.late.iter_mut().filter(of_attempt) {
            call.at.get_or_insert(at);
        }
    }

    pub(super) fn late(&self) -> &[LateCall] {
        &self.late
    }

    /// Carries out one of the late calls.
    pub(super) fn carry_out(&mut self, index: usize) {
        let call = self.late.remove(index);
        self.write(&call.contact, call.values);
    }

    /// Carries out what is due by then.
    pub(super) fn carry_out_until(&mut self, now: UnixMs) {
        while let Some(index) = self
            .late
            .iter()
            .position(|call| call.at.is_some_and(|at| at <= now))
        {
            self.carry_out(index);
        }
    }

    pub(super) fn next_late(&self) -> Option<UnixMs> {
        self.late.iter().filter_map(|call| call.at).min()
    }
}
