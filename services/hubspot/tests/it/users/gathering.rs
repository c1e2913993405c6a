//! Users that are claimed together, so that they travel in one batch.

use contracts::ClaimUsers;

use super::{State, Users};

impl Users {
    /// The next claim has to name so many users; until one does, claims are not served.
    pub(crate) fn gather(&self, count: usize) {
        self.state().gathers = count;
    }
}

impl State {
    pub(super) fn names_too_few(&mut self, asked: &ClaimUsers) -> bool {
        // A claim of what was left open names nobody.
        let is_too_few = !asked.users.is_empty() && asked.users.len() < self.gathers;
        if !asked.users.is_empty() && !is_too_few {
            self.gathers = 0;
        }
        is_too_few
    }
}
