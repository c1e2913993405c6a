//! Handles what is due: users with wake-ups, rechecks, and late-write windows that end.

use std::collections::HashSet;

use contracts::{Priority, UserId};

use super::contacts;
use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules,
};

/// The most late writes that one sweep deletes. Twice a second, that is more than arise.
const MAX_DELETED: usize = 500;

/// Handles users that are due and publishes their wake-ups. The answer is how many users were due.
#[derive(Debug, Clone, Copy)]
pub struct SweepUsers {
    /// The maximum number of users with live priority.
    pub live: usize,
    /// The maximum number of users with back-fill priority, and of rechecks.
    pub backfill: usize,
}

impl Operation for SweepUsers {
    type Answer = usize;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        Vec::new()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<usize, OperationError> {
        let timing = *batch.timing;
        let mut due = batch.transaction.due(Priority::Live, &timing, self.live).await?;
        due.extend(
            batch
                .transaction
                .due(Priority::Backfill, &timing, self.backfill)
                .await?,
        );
        due.extend(batch.transaction.rechecks(self.backfill).await?);
        // A user may be due for two reasons.
        let mut seen = HashSet::new();
        due.retain(|user| seen.insert(user.clone()));
        batch.load(&due).await?;
        // Rows that this version cannot read stay due. They are put off, because otherwise each sweep would find them first and
        // reach no others.
        let (unreadable, due): (Vec<_>, Vec<_>) = due.into_iter().partition(|user| batch.is_unreadable(user));
        if !unreadable.is_empty() {
            batch.transaction.put_off(&unreadable, &timing).await?;
        }
        let mut overwritten = Vec::new();
        for user in &due {
            let now = batch.now;
            let Some(row) = batch.row_mut(user) else {
                continue;
            };
            let effects = rules::handle_due(row, now, &timing);
            if let Some(priority) = effects.wake_up {
                batch.wake(user, priority);
            }
            if !effects.overwritten.is_empty() {
                overwritten.push((user, effects.overwritten));
            }
        }
        for (user, contacts) in overwritten {
            contacts::resend_users_of(batch, user, &contacts).await?;
        }
        // Last, so that these entries are locked only for the commit.
        batch.delete_ended_late_writes(MAX_DELETED).await?;
        Ok(due.len())
    }
}
