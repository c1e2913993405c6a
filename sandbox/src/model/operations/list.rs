//! Lists contacts page by page, in the order of their ids.

use crate::model::{Account, Contact, ContactId};

/// One page, and the id at which the next one begins.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) contacts: Vec<&'a Contact>,
    pub(crate) next: Option<ContactId>,
}

/// The page that begins at the id `after`.
pub(crate) fn list(account: &Account, after: ContactId, limit: usize, archived: bool) -> Page<'_> {
    let mut contacts: Vec<&Contact> = account
        .contacts_from(after)
        .filter(|contact| contact.is_archived() == archived)
        .take(limit.saturating_add(1))
        .collect();
    let next = (contacts.len() > limit)
        .then(|| contacts.pop())
        .flatten()
        .map(|contact| contact.id);
    Page { contacts, next }
}
