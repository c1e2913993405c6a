//! Contacts: who answers to an id or an address.

use std::collections::BTreeSet;

use contracts::{Field, PerField};

use super::{FIRST_ID, HubSpotModel};
use crate::agenda::Time;
use crate::fault::Fault;

/// Who gave a contact's field its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Writer {
    /// Somebody in HubSpot.
    #[default]
    Others,
    /// This system, for a user, with the value of a version.
    User {
        /// Who.
        user: usize,
        /// The version in which the value was given.
        changed_in: u64,
        /// The newest such version so far.
        newest: u64,
        /// Whether the user shared the contact when it was claimed for that.
        is_sharing: bool,
    },
}

/// A contact.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contact {
    /// Its values; empty where it has none.
    pub(crate) values: PerField<String>,
    /// Secondary addresses.
    pub(crate) additional: Vec<String>,
    /// Who wrote each value.
    pub(crate) writers: PerField<Writer>,
    /// When this system last wrote each value.
    pub(crate) written_at: PerField<Time>,
    /// Whether it was archived.
    pub(crate) archived: bool,
    /// The contact it was merged into.
    pub(crate) merged_into: Option<usize>,
    /// The addresses by which it was found, or which a conflict said it holds.
    pub(crate) answered_to: BTreeSet<String>,
    /// Values that this system wrote to it, ever, whatever it made of them.
    pub(crate) accepted: PerField<Vec<String>>,
    /// Values that it had after a write of this system, ever.
    pub(crate) took: PerField<Vec<String>>,
    /// What reads after writes showed of its values; none where they did not show the property.
    pub(crate) read_back: PerField<Vec<Option<String>>>,
    /// All its addresses, as such reads showed them.
    pub(crate) read_addresses: Vec<BTreeSet<String>>,
    /// What is wrong with it, and until when.
    pub(crate) problem: Option<(Fault, Time)>,
}

impl HubSpotModel {
    /// A contact's record id.
    pub(crate) fn id(contact: usize) -> String {
        (FIRST_ID + contact).to_string()
    }

    /// The contact that once had that id.
    pub(crate) fn by_id(&self, id: &str) -> Option<usize> {
        let contact = id.parse::<usize>().ok()?.checked_sub(FIRST_ID)?;
        (contact < self.contacts.len()).then_some(contact)
    }

    /// The contact it is now, after merges.
    pub(crate) fn present(&self, mut contact: usize) -> usize {
        while let Some(next) = self.contacts[contact].merged_into {
            contact = next;
        }
        contact
    }

    /// Whether other contacts were merged into it.
    pub(crate) fn is_merged(&self, contact: usize) -> bool {
        self.contacts
            .iter()
            .any(|other| other.merged_into == Some(contact))
    }

    /// The ids of contacts that were merged into it.
    pub(super) fn former_ids(&self, contact: usize) -> Vec<String> {
        (0..self.contacts.len())
            .filter(|other| *other != contact && self.present(*other) == contact)
            .map(Self::id)
            .collect()
    }

    /// The contact, whatever became of it.
    pub(crate) fn contact(&self, contact: usize) -> &Contact {
        &self.contacts[contact]
    }

    /// The contact, to be changed.
    pub(crate) fn contact_mut(&mut self, contact: usize) -> &mut Contact {
        &mut self.contacts[contact]
    }

    /// Whether it can be read.
    pub(crate) fn exists(&self, contact: usize) -> bool {
        let contact = &self.contacts[contact];
        !contact.archived && contact.merged_into.is_none()
    }

    /// The contact that has an address, primary or secondary.
    pub(crate) fn holder(&self, address: &str) -> Option<usize> {
        self.by_address.get(address.to_lowercase().as_str()).copied()
    }

    /// Every contact that can be read.
    pub(crate) fn existing(&self) -> Vec<usize> {
        (0..self.contacts.len())
            .filter(|contact| self.exists(*contact))
            .collect()
    }

    /// Whether that contact, or what it was merged from, was found by an address or said to hold it.
    pub(crate) fn answered_to(&self, contact: usize, address: &str) -> bool {
        let address = address.to_lowercase();
        self.contacts[contact].answered_to.contains(&address)
    }

    /// Whether the contact has the address.
    pub(crate) fn has_address(&self, contact: usize, address: &str) -> bool {
        self.holder(address) == Some(contact)
    }

    /// A new contact; none where the address is held.
    pub(crate) fn create(&mut self, address: &str) -> Option<usize> {
        let address = address.to_lowercase();
        if self.by_address.contains_key(&address) {
            return None;
        }
        let number = self.contacts.len();
        let mut contact = Contact::default();
        contact.values[Field::EMAIL].clone_from(&address);
        self.contacts.push(contact);
        self.by_address.insert(address, number);
        Some(number)
    }

    /// A further address; false where it is held.
    pub(crate) fn add_secondary(&mut self, contact: usize, address: &str) -> bool {
        let address = address.to_lowercase();
        if self.by_address.contains_key(&address) {
            return false;
        }
        self.contacts[contact].additional.push(address.clone());
        self.by_address.insert(address, contact);
        true
    }

    /// Gives it another primary address that nobody else holds.
    pub(super) fn set_primary(&mut self, contact: usize, address: &str) {
        let before = std::mem::replace(
            &mut self.contacts[contact].values[Field::EMAIL],
            address.to_owned(),
        );
        if before == address {
            return;
        }
        if self.by_address.get(address) == Some(&contact) {
            // A secondary address of its own changes places with the primary one.
            let additional = &mut self.contacts[contact].additional;
            additional.retain(|own| own != address);
            if !before.is_empty() {
                additional.push(before);
            }
            return;
        }
        self.by_address.remove(&before);
        self.by_address.insert(address.to_owned(), contact);
    }

    /// Takes a contact's addresses from the index.
    pub(super) fn release_addresses(&mut self, contact: usize) {
        self.by_address.retain(|_, holder| *holder != contact);
    }

    /// Gives all addresses of one contact to another, as secondary ones.
    pub(super) fn hand_over(&mut self, from: usize, to: usize) {
        let mut addresses = std::mem::take(&mut self.contacts[from].additional);
        let primary = self.contacts[from].values[Field::EMAIL].clone();
        if !primary.is_empty() {
            addresses.push(primary);
        }
        for address in addresses {
            self.by_address.insert(address.clone(), to);
            if self.contacts[to].values[Field::EMAIL] != address {
                self.contacts[to].additional.push(address);
            }
        }
        let before = self.contacts[from].clone();
        let now = &mut self.contacts[to];
        now.answered_to.extend(before.answered_to);
        now.read_addresses.extend(before.read_addresses);
        for field in Field::BUILT_IN {
            now.accepted[field].extend_from_slice(&before.accepted[field]);
            now.took[field].extend_from_slice(&before.took[field]);
            now.read_back[field].extend_from_slice(&before.read_back[field]);
        }
    }
}
