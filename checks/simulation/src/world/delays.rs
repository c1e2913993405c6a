//! P5: a bad record does not hold back the others.

use super::World;
use crate::{agenda::Time, plan::SECOND};

/// How long a user may be dirty while only other records have faults.
const MAX_DELAY: Time = 150 * SECOND;
/// Where many records fail and nobody else is there to write, it looks like an outage, and each of them may take a recovery check
/// before it is the turn of one that is well.
const FOR_EACH_PROBLEM: Time = 35 * SECOND;
/// In a small system in which only some contacts fail, a lost second would be noticed. Beginning takes some seconds.
const MAX_DELAY_IF_SMALL: Time = 5 * SECOND;

impl World {
    /// P5: where only records have faults, nobody else is dirty for long.
    pub(super) fn check_delays(&mut self) {
        if !self.plan.only_records {
            return;
        }
        let problems = (0..self.plan.users)
            .filter(|user| self.has_problem(*user))
            .count() as u64;
        let longest = if self.plan.is_small() {
            MAX_DELAY_IF_SMALL
        } else {
            MAX_DELAY + FOR_EACH_PROBLEM * problems
        };
        for user in 0..self.plan.users {
            if !self.users.rows[user].is_dirty() || self.has_problem(user) || self.plan.is_bad(user) {
                self.dirty_since[user] = None;
                continue;
            }
            let since = *self.dirty_since[user].get_or_insert(self.now);
            if self.now > since + longest {
                self.fail(&format!("P5: u{user} is held back since {since}"));
            }
        }
    }

    /// Whether something is wrong, or was a while ago, with the user's own contact.
    fn has_problem(&self, user: usize) -> bool {
        let contact = self
            .linked_contact(user)
            .map(|contact| self.hubspot.contact(contact));
        let problem = contact.and_then(|contact| contact.problem);
        // After its last failure it pauses for up to 75 seconds.
        problem.is_some_and(|(_, until)| until + 90 * SECOND > self.now)
    }
}
