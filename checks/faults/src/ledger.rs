//! The harness' own book of what was answered 200, and what it says must be true in the end.

mod expected;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use contracts::{UpdateForm, Values};
use tokio::sync::watch;

pub use expected::Expected;

/// A change that a caller asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number in the run; every value it gives has it in its name.
    pub number: u64,
    /// Whom it changes.
    pub user: String,
    /// How the fields are meant.
    pub form: UpdateForm,
    /// What it gives.
    pub fields: Values,
}

/// What was accepted.
#[derive(Debug)]
pub struct Ledger {
    book: Mutex<Book>,
    /// How many changes were accepted so far.
    accepted: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Book {
    users: HashMap<String, BTreeMap<u64, Change>>,
    /// The version each change was told first.
    versions: HashMap<u64, u64>,
    contradictions: Vec<String>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            book: Mutex::default(),
            accepted: watch::Sender::new(0),
        }
    }
}

impl Ledger {
    /// A change was answered 200 with this version. What contradicts earlier answers is noted.
    pub fn accept(&self, change: &Change, version: u64) {
        let mut book = self.lock();
        let user = &change.user;
        if let Some(first) = book.versions.insert(change.number, version) {
            if first != version {
                let number = change.number;
                let text = format!(
                    "change {number} of user {user} was version {first}, and {version} when repeated"
                );
                book.contradictions.push(text);
            }
            return;
        }
        let versions = book.users.entry(user.clone()).or_default();
        if let Some(other) = versions.insert(version, change.clone()) {
            let (one, other) = (other.number, change.number);
            let text = format!("changes {one} and {other} were both told version {version} of user {user}");
            book.contradictions.push(text);
        }
        drop(book);
        self.accepted.send_modify(|count| *count += 1);
    }

    /// Notes an answer that nothing here allows.
    pub fn contradict(&self, text: String) {
        self.lock().contradictions.push(text);
    }

    /// How many changes were accepted, to be watched.
    pub fn accepted(&self) -> watch::Receiver<u64> {
        self.accepted.subscribe()
    }

    /// What contradicted itself.
    pub fn contradictions(&self) -> Vec<String> {
        self.lock().contradictions.clone()
    }

    /// What must be true of each user now that every answer is in.
    pub fn expected(&self) -> BTreeMap<String, Expected> {
        let book = self.lock();
        let users = book.users.iter();
        users
            .map(|(user, versions)| (user.clone(), Expected::of(versions)))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
