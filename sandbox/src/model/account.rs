//! The data set: contacts, who holds which address, and the ids that were given out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::{Changes, Contact, ContactId, Properties, Write, search_lag::SearchLag};

/// HubSpot's ids used to grow in steps; the sample contacts of a new account still are 1 and 51.
const ID_STEP: u64 = 50;

/// What an account is besides its contacts; part of the data file.
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

/// Every contact of one account, with the indexes that keep addresses and unique values unique.
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
    /// How many writes of each contact are kept.
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

    /// A contact, live or archived, by its current id.
    pub(crate) fn contact(&self, id: ContactId) -> Option<&Contact> {
        self.contacts.get(&id)
    }

    /// A contact that is not archived, by its current id.
    pub(crate) fn live(&self, id: ContactId) -> Option<&Contact> {
        self.contact(id).filter(|contact| !contact.is_archived())
    }

    /// Every contact, archived ones included, by rising id.
    pub(crate) fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.values()
    }

    /// How many there are, archived ones included.
    pub(crate) fn contact_count(&self) -> usize {
        self.contacts.len()
    }

    /// Contacts with an id of at least `first`, by rising id.
    pub(crate) fn contacts_from(&self, first: ContactId) -> impl Iterator<Item = &Contact> {
        self.contacts.range(first..).map(|(_, contact)| contact)
    }

    /// The live contact that holds an address, as its primary or a secondary one.
    pub(crate) fn holder(&self, email: &str) -> Option<ContactId> {
        self.holders.get(email).copied()
    }

    /// The live contact that has this value of a unique property.
    pub(crate) fn unique_holder(&self, property: &str, value: &str) -> Option<ContactId> {
        self.unique_holders
            .get(&(property.to_owned(), value.to_owned()))
            .copied()
    }

    /// The contact into which the one with this former id was merged, through any number of merges.
    pub(crate) fn successor(&self, id: ContactId) -> Option<ContactId> {
        self.successors.get(&id).copied()
    }

    /// The writes of a contact, oldest first.
    pub(crate) fn writes(&self, id: ContactId) -> &[Write] {
        self.writes.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Every write that is kept.
    pub(crate) fn all_writes(&self) -> impl Iterator<Item = &Write> {
        self.writes.values().flatten()
    }

    /// An id that was never given out before and never will be again.
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

    /// Remembers that an address must not come back.
    pub(crate) fn block_email(&mut self, email: String) {
        self.blocked_emails_mut().insert(email);
    }

    /// Forgets that an address was erased, because an allowed write brings it back.
    pub(crate) fn unblock_email(&mut self, email: &str) {
        if self.is_blocked(email) {
            self.blocked_emails_mut().remove(email);
        }
    }

    /// The block list, to be changed; a refused request leaves it as it was.
    fn blocked_emails_mut(&mut self) -> &mut BTreeSet<String> {
        self.changes.account = true;
        let before = &mut self.changes.blocked_before;
        before.get_or_insert_with(|| self.stored.blocked_emails.clone());
        &mut self.stored.blocked_emails
    }

    /// Stores a contact in place of what was there.
    pub(crate) fn put(&mut self, contact: Contact) {
        let id = contact.id;
        let before = self.replace(id, Some(contact));
        self.changes.before.entry(id).or_insert(before);
    }

    /// Forgets a contact entirely.
    pub(crate) fn remove(&mut self, id: ContactId) {
        let before = self.replace(id, None);
        self.changes.before.entry(id).or_insert(before);
    }

    /// Numbers a write and keeps it.
    pub(crate) fn record(&mut self, mut write: Write) {
        write.sequence = self.stored.next_write;
        self.stored.next_write += 1;
        self.changes.writes.push(write);
    }

    /// Makes the request's changes final and says what they were.
    pub(crate) fn commit(&mut self) -> Changes {
        let changes = std::mem::take(&mut self.changes);
        for write in &changes.writes {
            self.restore_write(write.clone());
        }
        changes
    }

    /// What would be made final by [`Account::commit`].
    pub(crate) fn pending(&self) -> &Changes {
        &self.changes
    }

    /// Undoes the request's changes. Ids that were given out stay given out.
    pub(crate) fn roll_back(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        for (id, before) in changes.before {
            self.replace(id, before);
        }
        if let Some(before) = changes.blocked_before {
            self.stored.blocked_emails = before;
        }
        self.changes.account = changes.account;
    }

    /// Puts back what a data file holds.
    pub(crate) fn restore(&mut self, contact: Contact) {
        self.stored.next_id = self.stored.next_id.max(contact.id.0 + ID_STEP);
        self.replace(contact.id, Some(contact));
    }

    /// Forgets what a data file says was removed.
    pub(crate) fn restore_removal(&mut self, id: ContactId) {
        self.stored.next_id = self.stored.next_id.max(id.0 + ID_STEP);
        self.replace(id, None);
    }

    /// Puts back a write that a data file holds.
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
