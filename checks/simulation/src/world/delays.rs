//! P5: a bad record does not hold back the others.

use super::World;
use crate::{agenda::Time, plan::SECOND};

/// How long a user may owe something while only other records have faults.
const LONGEST: Time = 150 * SECOND;
/// Where many records fail and nobody else is there to write, it looks like an outage, and each of them may take a probe
/// before the turn of one that is well.
const FOR_EACH_TROUBLE: Time = 35 * SECOND;

impl World {
    /// Notes since when each user owes, and where only records have faults, that nobody else owes for long.
    pub(super) fn check_delays(&mut self) {
        if !self.plan.only_records {
            return;
        }
        let troubles = (0..self.plan.users)
            .filter(|user| self.has_trouble(*user))
            .count() as u64;
        let longest = LONGEST + FOR_EACH_TROUBLE * troubles;
        for user in 0..self.plan.users {
            if !self.users.rows[user].is_dirty() || self.has_trouble(user) {
                self.owing_since[user] = None;
                continue;
            }
            let since = *self.owing_since[user].get_or_insert(self.now);
            if self.now > since + longest {
                self.fail(&format!("P5: u{user} is held back since {since}"));
            }
        }
    }

    /// Whether something is wrong, or was a while ago, with the user's own contact.
    fn has_trouble(&self, user: usize) -> bool {
        let contact = self
            .linked_contact(user)
            .map(|contact| self.hubspot.contact(contact));
        let trouble = contact.and_then(|contact| contact.trouble);
        // After its last failure it pauses for up to 75 seconds.
        trouble.is_some_and(|(_, until)| until + 90 * SECOND > self.now)
    }
}
