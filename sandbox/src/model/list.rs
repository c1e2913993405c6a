//! Lists contacts page by page, by rising id.

use super::{Account, Contact, ContactId};

/// One page and where the next one begins.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) contacts: Vec<&'a Contact>,
    pub(crate) next: Option<ContactId>,
}

/// The page that begins at `after`.
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
