//! Attempts that wait for a call, by the kind of call and in the order in which they go: live first, oldest first.

use std::collections::BTreeSet;

use contracts::Lane;

use super::{AttemptId, attempt::Step};

/// Where an attempt stands in the line.
pub(crate) type Turn = (Lane, AttemptId);

/// Attempts that wait for a call.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// For a batch read by address.
    pub(crate) find: BTreeSet<Turn>,
    /// For a batch update.
    pub(crate) write: BTreeSet<Turn>,
    /// For a call of their own.
    pub(crate) alone: BTreeSet<Turn>,
}

impl Ready {
    pub(crate) fn insert(&mut self, turn: Turn, step: &Step) {
        match step {
            Step::Find(..) => self.find.insert(turn),
            Step::Write => self.write.insert(turn),
            Step::FindAlone(..) | Step::Read | Step::Patch => self.alone.insert(turn),
            Step::Done => false,
        };
    }

    pub(crate) fn remove(&mut self, turn: Turn) -> bool {
        self.find.remove(&turn) || self.write.remove(&turn) || self.alone.remove(&turn)
    }

    pub(crate) fn contains(&self, turn: Turn) -> bool {
        self.find.contains(&turn) || self.write.contains(&turn) || self.alone.contains(&turn)
    }

    pub(crate) fn len(&self) -> usize {
        self.find.len() + self.write.len() + self.alone.len()
    }

    /// Takes everybody out.
    pub(crate) fn drain(&mut self) -> Vec<AttemptId> {
        let all = std::mem::take(self);
        all.find
            .into_iter()
            .chain(all.write)
            .chain(all.alone)
            .map(|(_, id)| id)
            .collect()
    }
}
