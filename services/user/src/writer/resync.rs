//! An operator has everything of users sent once more.

use contracts::{UserId, UsersResynced};

use super::batch::Batch;
use crate::rules::{self, ResyncResult};

/// Owes every field of these users again. The sweep announces them when there is room for back-fill.
pub(super) fn resync(batch: &mut Batch<'_>, users: &[UserId]) -> UsersResynced {
    let mut resynced = UsersResynced::default();
    for user in users {
        let now = batch.now;
        let Some(mut row) = batch.row(user).cloned() else {
            // What cannot be read is left to whoever can.
            if batch.is_unreadable(user) {
                resynced.skipped += 1;
            } else {
                resynced.unknown.push(user.clone());
            }
            continue;
        };
        match rules::resync(&mut row, now) {
            ResyncResult::Shared => resynced.shared += 1,
            ResyncResult::Left => resynced.skipped += 1,
            ResyncResult::Owed => {
                resynced.resynced += 1;
                batch.put(row);
            }
        }
    }
    resynced
}
