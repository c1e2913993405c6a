//! Indexes the contacts that were read by the requested keys. HubSpot does not say which key found a contact, and a key
//! that the response does not mention counts neither as found nor as absent.

use std::collections::{BTreeMap, BTreeSet};

use contracts::lowercase_address;

use crate::engine::{CallErrorKind, InspectedContacts, Inspection, Profile};

/// An inspection and its response.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) asked: Inspection,
    pub(crate) answer: InspectedContacts,
}

/// What was read for one key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen<'a> {
    /// This contact has it.
    Contact(&'a Profile),
    /// The contact that had it was merged into this one.
    Merged(&'a Profile),
    /// No contact has it.
    Absent,
    /// The response does not mention it.
    NotReported,
}

/// The contacts that inspections returned, by id and by address.
#[derive(Debug, Default)]
pub(crate) struct Contacts<'a> {
    by_id: BTreeMap<&'a str, &'a Profile>,
    by_former_id: BTreeMap<&'a str, &'a Profile>,
    /// By address in lower case.
    by_address: BTreeMap<String, &'a Profile>,
    /// The keys that HubSpot lists as not found, in lower case.
    absent: BTreeSet<String>,
    /// The contact that an inspection of a single key returned, by that key. HubSpot must have found it by that key.
    single: BTreeMap<&'a str, &'a Profile>,
}

impl<'a> Contacts<'a> {
    pub(crate) fn new(read: &'a [Read]) -> Self {
        let mut contacts = Self::default();
        for Read { asked, answer } in read {
            contacts.add(answer);
            if let ([key], [profile]) = (asked.keys.as_slice(), answer.contacts.as_slice()) {
                contacts.single.insert(key, profile);
            }
        }
        // Primary addresses are added last, so that they win over secondary ones.
        for profile in read.iter().flat_map(|read| &read.answer.contacts) {
            let address = profile.contact.email.iter();
            let primary = address.map(|address| (lowercase_address(address), profile));
            contacts.by_address.extend(primary);
        }
        contacts
    }

    fn add(&mut self, answer: &'a InspectedContacts) {
        for profile in &answer.contacts {
            self.by_id.insert(&profile.contact.id, profile);
            for former in &profile.contact.former_ids {
                self.by_former_id.insert(former, profile);
            }
            for address in profile.contact.secondary_addresses() {
                self.by_address.insert(lowercase_address(address), profile);
            }
        }
        let errors = answer.errors.iter();
        let not_found = errors.filter(|error| error.error.kind == CallErrorKind::NotFound);
        let ids = not_found.flat_map(|error| &error.ids);
        self.absent.extend(ids.map(|id| lowercase_address(id)));
    }

    /// The contact with this id, or with this former id.
    pub(super) fn by_id(&self, id: &str) -> Seen<'a> {
        if let Some(profile) = self.by_id.get(id) {
            return Seen::Contact(profile);
        }
        match self.by_former_id.get(id).or(self.single.get(id)).copied() {
            Some(profile) => Seen::Merged(profile),
            None => self.not_listed(id),
        }
    }

    /// The contact with this address, which is in lower case.
    pub(super) fn by_address(&self, address: &str) -> Seen<'a> {
        // HubSpot may take two different addresses for one, so the contact that it returned has to show this address, or
        // may at least hide it.
        let single = self.single.get(address);
        let single = single.filter(|profile| profile.contact.may_hide(address));
        match self.by_address.get(address).or(single).copied() {
            Some(profile) => Seen::Contact(profile),
            None => self.not_listed(address),
        }
    }

    fn not_listed(&self, key: &str) -> Seen<'a> {
        if self.absent.contains(key) {
            Seen::Absent
        } else {
            Seen::NotReported
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Contact, ContactKey};

    /// Whether a lookup of this address alone finds the contact that HubSpot returns.
    fn is_found(address: &str, contact: Contact) -> bool {
        let asked = Inspection {
            by: ContactKey::Address,
            keys: vec![address.to_owned()],
        };
        let profile = Profile {
            contact,
            ..Profile::default()
        };
        let answer = InspectedContacts {
            contacts: vec![profile],
            errors: Vec::new(),
        };
        let read = [Read { asked, answer }];
        matches!(Contacts::new(&read).by_address(address), Seen::Contact(_))
    }

    #[test]
    fn a_contact_that_shows_other_addresses_is_not_the_one_looked_up() {
        let shows = |secondary: Option<&str>| Contact {
            id: "7".to_owned(),
            email: Some("anke@example.com".to_owned()),
            additional_emails: secondary.map(|address| vec![address.to_owned()]),
            former_ids: Vec::new(),
        };
        assert!(is_found("anke@example.com", shows(Some("x@example.com"))));
        assert!(is_found("ada@example.com", shows(Some("Ada@example.com"))));
        assert!(!is_found("an\u{212a}e@example.com", shows(Some("x@example.com"))));
        assert!(!is_found("ada@example.com", shows(Some("x@example.com"))));
        // An account that hides secondary addresses: an ASCII address cannot be taken for another one.
        assert!(is_found("ada@example.com", shows(None)));
        assert!(!is_found("an\u{212a}e@example.com", shows(None)));
    }
}
