//! The harness's own record of changes that were answered 200, from which it derives the expected state.

mod expected;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use contracts::{UpdateForm, Values};
use tokio::sync::watch;

pub use expected::Expected;

/// A change that a caller sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The number in the run, which is part of every value of the change.
    pub number: u64,
    /// The user that it changes.
    pub user: String,
    /// How absent and null fields are interpreted.
    pub form: UpdateForm,
    /// The given values.
    pub fields: Values,
}

/// The changes that were accepted.
#[derive(Debug)]
pub struct AcceptedChanges {
    records: Mutex<AnswerRecords>,
    /// The number of accepted changes so far.
    accepted: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct AnswerRecords {
    users: HashMap<String, BTreeMap<u64, Change>>,
    /// The version in the first answer to each change, by the change's number.
    versions: HashMap<u64, u64>,
    contradictions: Vec<String>,
}

impl Default for AcceptedChanges {
    fn default() -> Self {
        Self {
            records: Mutex::default(),
            accepted: watch::Sender::new(0),
        }
    }
}

impl AcceptedChanges {
    /// Records that a change was answered 200 with this version, and whether that contradicts earlier answers.
    pub fn accept(&self, change: &Change, version: u64) {
        let mut records = self.lock();
        let user = &change.user;
        if let Some(first) = records.versions.insert(change.number, version) {
            if first != version {
                let number = change.number;
                let text = format!(
                    "change {number} of user {user} was version {first}, and {version} when repeated"
                );
                records.contradictions.push(text);
            }
            return;
        }
        let versions = records.users.entry(user.clone()).or_default();
        if let Some(other) = versions.insert(version, change.clone()) {
            let (one, other) = (other.number, change.number);
            let text =
                format!("changes {one} and {other} were both answered with version {version} of user {user}");
            records.contradictions.push(text);
        }
        drop(records);
        self.accepted.send_modify(|count| *count += 1);
    }

    /// Records an answer that must not happen.
    pub fn add_contradiction(&self, text: String) {
        self.lock().contradictions.push(text);
    }

    /// Watches the number of accepted changes.
    pub fn accepted(&self) -> watch::Receiver<u64> {
        self.accepted.subscribe()
    }

    /// All contradictions so far.
    pub fn contradictions(&self) -> Vec<String> {
        self.lock().contradictions.clone()
    }

    /// The expected state of each user, once every change is answered.
    pub fn expected(&self) -> BTreeMap<String, Expected> {
        let records = self.lock();
        let users = records.users.iter();
        users
            .map(|(user, versions)| (user.clone(), Expected::of(versions)))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, AnswerRecords> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
