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

/// The answer 200 to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The version of the user after the change.
    pub version: u64,
    /// Whether the change made that version.
    pub changed: bool,
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
    /// By user and version, the changes that made a version.
    users: HashMap<String, BTreeMap<u64, Change>>,
    /// By user, the changes that made no version, and the version that the user had.
    unchanged: HashMap<String, Vec<(u64, Change)>>,
    /// The first answer to each change, by the change's number.
    answers: HashMap<u64, Answer>,
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
    /// Records that a change was answered 200, and whether that contradicts earlier answers.
    pub fn accept(&self, change: &Change, answer: Answer) {
        let mut records = self.lock();
        let user = &change.user;
        if let Some(first) = records.answers.insert(change.number, answer) {
            if first != answer {
                let number = change.number;
                let text =
                    format!("change {number} of user {user} was {first:?}, and {answer:?} when repeated");
                records.contradictions.push(text);
            }
            return;
        }
        let version = answer.version;
        if !answer.changed {
            let unchanged = records.unchanged.entry(user.clone()).or_default();
            unchanged.push((version, change.clone()));
            drop(records);
            return self.accepted.send_modify(|count| *count += 1);
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
            .map(|(user, versions)| {
                let unchanged = records.unchanged.get(user).map_or(&[][..], Vec::as_slice);
                (user.clone(), Expected::of(versions, unchanged))
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, AnswerRecords> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
