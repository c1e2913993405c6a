//! What a salesperson does in the browser. It changes the account like a call, but needs no token and counts as none.

use super::{Actor, App};
use crate::model::{self, Account, Contact, ContactId, Rejection, Values, find};

impl App {
    /// A salesperson creates a contact.
    pub(crate) fn create_contact(&self, values: &Values) -> Result<Contact, Rejection> {
        self.change(Actor::SALESPERSON, |account, context| {
            model::create(account, context, values, None)
        })
    }

    /// A salesperson edits a contact.
    pub(crate) fn edit_contact(&self, id: &str, values: &Values) -> Result<Contact, Rejection> {
        self.change(Actor::SALESPERSON, |account, context| {
            let id = existing(account, id)?;
            model::update(account, context, id, values, None)
        })
    }

    /// A salesperson archives a contact.
    pub(crate) fn archive_contact(&self, id: &str) -> Result<Contact, Rejection> {
        self.change(Actor::SALESPERSON, |account, context| {
            let id = existing(account, id)?;
            model::archive(account, context, id)?;
            account.contact(id).cloned().ok_or(Rejection::NotFound)
        })
    }

    /// A salesperson merges the second contact into the first. The result is the merged contact.
    pub(crate) fn merge_contacts(&self, primary: &str, secondary: &str) -> Result<Contact, Rejection> {
        self.change(Actor::SALESPERSON, |account, context| {
            model::merge(account, context, primary, secondary)
        })
    }
}

fn existing(account: &Account, id: &str) -> Result<ContactId, Rejection> {
    find(account, id, None)?.ok_or(Rejection::NotFound)
}
