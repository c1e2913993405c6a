//! An operator has users tried again.

use contracts::{Priority, UserId, UsersRetried};

use super::batch::Batch;
use crate::rules;

/// Has what is troubled of these users tried again. Live ones are announced at once, the others by the sweep, when there
/// is room for back-fill.
pub(super) fn retry(batch: &mut Batch<'_>, users: &[UserId], priority: Priority) -> UsersRetried {
    let mut retried = UsersRetried::default();
    for user in users {
        let (now, terms) = (batch.now, *batch.terms);
        let Some(row) = batch.row(user) else {
            // What cannot be read is left to whoever can.
            if batch.is_unreadable(user) {
                retried.skipped += 1;
            } else {
                retried.unknown.push(user.clone());
            }
            continue;
        };
        let mut row = row.clone();
        if !rules::retry(&mut row, priority, now) {
            retried.skipped += 1;
            continue;
        }
        retried.retried += 1;
        let announce = match priority {
            Priority::Live => rules::sweep(&mut row, now, &terms),
            Priority::Backfill => None,
        };
        batch.put(row);
        if let Some(priority) = announce {
            batch.announce(user, priority);
        }
    }
    retried
}
