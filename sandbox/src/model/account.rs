//! The data set: contacts, with the indexes of addresses, unique values and former ids.

mod changes;
pub(crate) mod search_lag;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use self::search_lag::SearchLag;
use super::{Contact, ContactId, Properties, PropertyDefinition, PropertyGroup, Write};

pub(crate) use changes::Changes;

/// The step by which ids grow, so that the sample contacts have HubSpot's ids 1 and 51.
const ID_STEP: u64 = 50;

/// The account without its contacts, as the data file stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredAccount {
    pub(crate) portal_id: u32,
    pub(crate) next_id: u64,
    pub(crate) next_write: u64,
    pub(crate) blocked_emails: BTreeSet<String>,
}

impl StoredAccount {
    pub(crate) fn new(portal_id: u32) -> Self {
        Self {
            portal_id,
            next_id: 1,
            next_write: 1,
            blocked_emails: BTreeSet::new(),
        }
    }
}

/// Every contact of one account, with the indexes that keep addresses and unique values unique. A request changes it
/// through [`Account::put`] and the like; the changes are then committed or rolled back together.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) stored: StoredAccount,
    pub(crate) properties: Properties,
    pub(crate) search_lag: SearchLag,
    contacts: BTreeMap<ContactId, Contact>,
    writes: HashMap<ContactId, Vec<Write>>,
    holders: HashMap<String, ContactId>,
    unique_holders: HashMap<(String, String), ContactId>,
    successors: HashMap<ContactId, ContactId>,
    changes: Changes,
    /// At most this many writes of each contact are kept.
    kept_writes: usize,
}

impl Account {
    pub(crate) fn new(stored: StoredAccount, properties: Properties, kept_writes: usize) -> Self {
        Self {
            stored,
            properties,
            search_lag: SearchLag::default(),
            contacts: BTreeMap::new(),
            writes: HashMap::new(),
            holders: HashMap::new(),
            unique_holders: HashMap::new(),
            successors: HashMap::new(),
            changes: Changes::default(),
            kept_writes,
        }
    }

    /// The contact with this current id, archived or not.
    pub(crate) fn contact(&self, id: ContactId) -> Option<&Contact> {
        self.contacts.get(&id)
    }

    /// The contact with this current id, unless it is archived.
    pub(crate) fn live(&self, id: ContactId) -> Option<&Contact> {
        self.contact(id).filter(|contact| !contact.is_archived())
    }

    /// Every contact, including archived ones, in the order of their ids.
    pub(crate) fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.values()
    }

    /// The number of contacts, including archived ones.
    pub(crate) fn contact_count(&self) -> usize {
        self.contacts.len()
    }

    /// Contacts with an id of at least `first`, in the order of their ids.
    pub(crate) fn contacts_from(&self, first: ContactId) -> impl Iterator<Item = &Contact> {
        self.contacts.range(first..).map(|(_, contact)| contact)
    }

    /// The contact, not archived, that has this primary or secondary address.
    pub(crate) fn holder(&self, email: &str) -> Option<ContactId> {
        self.holders.get(email).copied()
    }

    /// The contact, not archived, that has this value of a unique property.
    pub(crate) fn unique_holder(&self, property: &str, value: &str) -> Option<ContactId> {
        self.unique_holders
            .get(&(property.to_owned(), value.to_owned()))
            .copied()
    }

    /// The contact into which the one with this former id was merged, also through several merges.
    pub(crate) fn successor(&self, id: ContactId) -> Option<ContactId> {
        self.successors.get(&id).copied()
    }

    /// The writes of a contact, oldest first.
    pub(crate) fn writes(&self, id: ContactId) -> &[Write] {
        self.writes.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Every write in the record, in no order.
    pub(crate) fn all_writes(&self) -> impl Iterator<Item = &Write> {
        self.writes.values().flatten()
    }

    /// A new id. No id is used twice, also if the request is rejected.
    pub(crate) fn take_id(&mut self) -> ContactId {
        let id = ContactId(self.stored.next_id);
        self.stored.next_id += ID_STEP;
        self.changes.account = true;
        id
    }

    /// Whether an address was erased for privacy.
    pub(crate) fn is_blocked(&self, email: &str) -> bool {
        self.stored.blocked_emails.contains(email)
    }

    /// Blocks an address, so that no later write can use it.
    pub(crate) fn block_email(&mut self, email: String) {
        self.blocked_emails_mut().insert(email);
    }

    /// Removes an address from the block list, because a write that is allowed to uses it.
    pub(crate) fn unblock_email(&mut self, email: &str) {
        if self.is_blocked(email) {
            self.blocked_emails_mut().remove(email);
        }
    }

    /// The block list for a change. It is saved first, so that a rejected request can be rolled back.
    fn blocked_emails_mut(&mut self) -> &mut BTreeSet<String> {
        self.changes.account = true;
        let before = &mut self.changes.blocked_before;
        before.get_or_insert_with(|| self.stored.blocked_emails.clone());
        &mut self.stored.blocked_emails
    }

    /// Stores a contact, in place of one with the same id.
    pub(crate) fn put(&mut self, contact: Contact) {
        let id = contact.id;
        let before = self.replace(id, Some(contact));
        self.changes.before.entry(id).or_insert(before);
    }

    /// Removes a contact.
    pub(crate) fn remove(&mut self, id: ContactId) {
        let before = self.replace(id, None);
        self.changes.before.entry(id).or_insert(before);
    }

    /// Stores a property, in place of one with the same name. The values of contacts stay as they are.
    pub(crate) fn put_property(&mut self, definition: PropertyDefinition) {
        let name = definition.name.clone();
        let before = self.properties.insert(definition);
        self.changes.properties_before.entry(name).or_insert(before);
    }

    /// Stores a new group of properties.
    pub(crate) fn put_group(&mut self, group: PropertyGroup) {
        self.changes.new_groups.insert(group.name.clone());
        self.properties.insert_group(group);
    }

    /// Numbers a write and adds it to the record.
    pub(crate) fn record(&mut self, mut write: Write) {
        write.sequence = self.stored.next_write;
        self.stored.next_write += 1;
        self.changes.writes.push(write);
    }

    /// Makes the changes of the request final and returns them.
    pub(crate) fn commit(&mut self) -> Changes {
        let changes = std::mem::take(&mut self.changes);
        for write in &changes.writes {
            self.restore_write(write.clone());
        }
        changes
    }

    /// The changes that [`Account::commit`] would make final.
    pub(crate) fn pending(&self) -> &Changes {
        &self.changes
    }

    /// Undoes the changes of the request. The ids that it used stay used.
    pub(crate) fn roll_back(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        for (id, before) in changes.before {
            self.replace(id, before);
        }
        if let Some(before) = changes.blocked_before {
            self.stored.blocked_emails = before;
        }
        for (name, before) in changes.properties_before {
            match before {
                Some(before) => drop(self.properties.insert(before)),
                None => self.properties.remove(&name),
            }
        }
        for name in &changes.new_groups {
            self.properties.remove_group(name);
        }
        // The ids used so far have to reach the data file with the next change.
        self.changes.account = changes.account;
    }

    /// Restores a contact from a data file.
    pub(crate) fn restore(&mut self, contact: Contact) {
        self.stored.next_id = self.stored.next_id.max(contact.id.0 + ID_STEP);
        self.replace(contact.id, Some(contact));
    }

    /// Removes a contact that a data file says was removed.
    pub(crate) fn restore_removal(&mut self, id: ContactId) {
        self.stored.next_id = self.stored.next_id.max(id.0 + ID_STEP);
        self.replace(id, None);
    }

    /// Restores a write from a data file.
    pub(crate) fn restore_write(&mut self, write: Write) {
        self.stored.next_write = self.stored.next_write.max(write.sequence + 1);
        let writes = self.writes.entry(write.contact).or_default();
        if writes.len() >= self.kept_writes.max(1) {
            writes.remove(0);
        }
        writes.push(write);
    }

    fn replace(&mut self, id: ContactId, contact: Option<Contact>) -> Option<Contact> {
        let before = self.contacts.remove(&id);
        if let Some(before) = &before {
            self.unindex(before);
        }
        if let Some(contact) = contact {
            self.index(&contact);
            self.contacts.insert(id, contact);
        }
        before
    }

    fn index(&mut self, contact: &Contact) {
        for former in &contact.former_ids {
            self.successors.insert(*former, contact.id);
        }
        if contact.is_archived() {
            return;
        }
        for email in contact.emails() {
            self.holders.insert(email.to_owned(), contact.id);
        }
        for key in unique_values(&self.properties, contact) {
            self.unique_holders.insert(key, contact.id);
        }
    }

    fn unindex(&mut self, contact: &Contact) {
        for former in &contact.former_ids {
            remove_if_own(&mut self.successors, former, contact.id);
        }
        for email in contact.emails() {
            remove_if_own(&mut self.holders, email, contact.id);
        }
        for key in unique_values(&self.properties, contact) {
            remove_if_own(&mut self.unique_holders, &key, contact.id);
        }
    }
}

fn unique_values(properties: &Properties, contact: &Contact) -> Vec<(String, String)> {
    let value = |name: &str| Some((name.to_owned(), contact.properties.get(name)?.clone()));
    properties.unique_names().filter_map(value).collect()
}

fn remove_if_own<K, Q>(index: &mut HashMap<K, ContactId>, key: &Q, id: ContactId)
where
    K: std::borrow::Borrow<Q> + std::hash::Hash + Eq,
    Q: std::hash::Hash + Eq + ?Sized,
{
    if index.get(key) == Some(&id) {
        index.remove(key);
    }
}
