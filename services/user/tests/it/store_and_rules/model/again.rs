//! What an operator has sent again.

use contracts::{Lane, RepairUser, UserId, UsersRepaired, UsersRetried};
use user::rules;

use super::Model;

impl Model {
    pub(super) fn retry(&mut self, users: &[UserId], lane: Lane) -> UsersRetried {
        let mut retried = UsersRetried::default();
        for user in users {
            let Some(row) = self.rows.get_mut(user) else {
                retried.unknown.push(user.clone());
                continue;
            };
            if !rules::retry(row, lane, self.now) {
                retried.left += 1;
                continue;
            }
            retried.retried += 1;
            if lane == Lane::Live {
                rules::sweep(row, self.now, &self.terms);
            }
        }
        retried
    }

    pub(super) fn repair(&mut self, users: &[RepairUser]) -> UsersRepaired {
        let mut repaired = UsersRepaired::default();
        for user in users {
            let row = self.rows.get_mut(&user.user_id);
            if row.is_some_and(|row| rules::repair(row, user.turn, user.fields, self.now)) {
                repaired.repaired += 1;
            } else {
                repaired.left += 1;
            }
        }
        repaired
    }
}
