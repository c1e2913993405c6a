//! What the rules alone make of an operator's work.

use contracts::{
    ErrorCode, Link, LinkUser, Priority, RepairUser, UnlinkUser, UserId, UsersRepaired, UsersResynced,
    UsersRetried,
};
use user::rules::{self, ResyncResult, Row};

use super::model::{Digest, Model};

impl Model {
    pub(super) fn retry(&mut self, users: &[UserId], priority: Priority) -> UsersRetried {
        let mut retried = UsersRetried::default();
        for user in users {
            let Some(row) = self.rows.get_mut(user) else {
                retried.unknown.push(user.clone());
                continue;
            };
            if !rules::retry(row, priority, self.now) {
                retried.skipped += 1;
                continue;
            }
            retried.retried += 1;
            if priority == Priority::Live {
                rules::handle_due(row, self.now, &self.terms);
            }
        }
        retried
    }

    pub(super) fn repair(&mut self, users: &[RepairUser]) -> UsersRepaired {
        let mut repaired = UsersRepaired::default();
        for user in users {
            let row = self.rows.get_mut(&user.user_id);
            if row.is_some_and(|row| rules::repair(row, user.generation, user.fields, self.now)) {
                repaired.repaired += 1;
            } else {
                repaired.changed_meanwhile += 1;
            }
        }
        repaired
    }

    pub(super) fn resync(&mut self, users: &[UserId]) -> UsersResynced {
        let mut resynced = UsersResynced::default();
        for user in users {
            let Some(row) = self.rows.get_mut(user) else {
                resynced.unknown.push(user.clone());
                continue;
            };
            match rules::resync(row, self.now) {
                ResyncResult::MarkedDirty => resynced.resynced += 1,
                ResyncResult::AlreadyDirty => resynced.skipped += 1,
                ResyncResult::Shared => resynced.shared += 1,
            }
        }
        resynced
    }

    pub(super) fn link(&mut self, request: &LinkUser) -> Digest {
        let Some(account) = self.lease.account_id.clone() else {
            return Digest::Refused(ErrorCode::NoAccount);
        };
        let Some(row) = self.rows.get(&request.user_id) else {
            return Digest::Refused(ErrorCode::UserNotFound);
        };
        if self.linked_to(request.contact_id.as_str(), row).next().is_some() {
            return Digest::Refused(ErrorCode::ContactHeld);
        }
        let former = row.link.clone();
        let row = self.rows.get_mut(&request.user_id).unwrap();
        if !rules::link_by_operator(row, &request.contact_id, &account, self.now, &self.terms) {
            return receipt(row);
        }
        self.announce_and_leave(&request.user_id, former)
    }

    pub(super) fn unlink(&mut self, request: &UnlinkUser) -> Digest {
        let Some(row) = self.rows.get_mut(&request.user_id) else {
            return Digest::Refused(ErrorCode::UserNotFound);
        };
        let former = row.link.clone();
        if !rules::unlink(row, self.now, &self.terms) {
            return receipt(row);
        }
        self.announce_and_leave(&request.user_id, former)
    }

    fn announce_and_leave(&mut self, user: &UserId, former: Option<Link>) -> Digest {
        let row = self.rows.get_mut(user).unwrap();
        rules::handle_due(row, self.now, &self.terms);
        let row = &self.rows[user];
        let digest = receipt(row);
        if let Some(former) = former.filter(|link| link.shared) {
            let others = self.linked_to(&former.contact_id, row);
            let others: Vec<UserId> = others.map(|other| other.user_id.clone()).collect();
            if let [other] = others.as_slice() {
                let link = self.rows.get_mut(other).unwrap().link.as_mut();
                link.unwrap().shared = false;
            }
        }
        digest
    }

    /// The others with that contact.
    fn linked_to(&self, contact: &str, row: &Row) -> impl Iterator<Item = &Row> {
        let others = self.rows.values().filter(|other| other.user_id != row.user_id);
        others.filter(move |other| other.link.as_ref().is_some_and(|link| link.contact_id == contact))
    }
}

fn receipt(row: &Row) -> Digest {
    Digest::Linked(Box::new(rules::receipt(row, row.version).unwrap()))
}
