//! Attempts that wait for a call, by the kind of call and in the order in which they go: live first, oldest first.

use std::collections::{BTreeMap, BTreeSet};

use contracts::Priority;

use super::{AttemptId, attempt::Step};

/// Where an attempt stands in the line.
pub(crate) type Turn = (Priority, AttemptId);

/// Attempts that wait for a call.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// For a batch read by address.
    pub(crate) find: BTreeSet<Turn>,
    /// For a batch update.
    pub(crate) write: BTreeSet<Turn>,
    /// For a batch create.
    pub(crate) create: BTreeSet<Turn>,
    /// For a call of their own.
    pub(crate) alone: BTreeSet<Turn>,
    /// All of them, oldest first.
    by_age: BTreeMap<AttemptId, Priority>,
}

impl Ready {
    pub(crate) fn insert(&mut self, generation: Turn, step: &Step) {
        if *step != Step::Done {
            self.by_age.insert(generation.1, generation.0);
        }
        match step {
            Step::Find(..) => self.find.insert(generation),
            Step::Write => self.write.insert(generation),
            Step::Create => self.create.insert(generation),
            Step::FindAlone(..) | Step::Read(_) | Step::Patch => self.alone.insert(generation),
            Step::Done => false,
        };
    }

    pub(crate) fn remove(&mut self, generation: Turn) {
        self.by_age.remove(&generation.1);
        self.find.remove(&generation);
        self.write.remove(&generation);
        self.create.remove(&generation);
        self.alone.remove(&generation);
    }

    /// The one that was claimed first.
    pub(crate) fn oldest(&self) -> Option<Turn> {
        self.by_age
            .first_key_value()
            .map(|(id, priority)| (*priority, *id))
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = AttemptId> {
        self.by_age.keys().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_age.len()
    }

    /// Takes everybody out.
    pub(crate) fn drain(&mut self) -> Vec<AttemptId> {
        std::mem::take(self).by_age.into_keys().collect()
    }
}
