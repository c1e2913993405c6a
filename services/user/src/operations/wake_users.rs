//! Makes users due at once whose wake-ups were lost.

use contracts::UserId;

use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules,
};

/// Makes these users due, because their wake-ups could not be published. The answer is how many rows changed.
#[derive(Debug, Clone)]
pub struct WakeUsers(pub Vec<UserId>);

impl Operation for WakeUsers {
    type Answer = usize;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        self.0.iter().collect()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<usize, OperationError> {
        Ok(wake_now(batch, &self.0))
    }
}

/// Makes users due whose wake-ups were published to a stream that has lost them. The answer is how many rows changed.
#[derive(Debug, Clone, Copy)]
pub struct WakePublishedUsers {
    /// The maximum number of users.
    pub limit: usize,
}

impl Operation for WakePublishedUsers {
    type Answer = usize;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        Vec::new()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<usize, OperationError> {
        let users = batch
            .transaction
            .users_with_published_wake_ups(self.limit)
            .await?;
        batch.load(&users).await?;
        Ok(wake_now(batch, &users))
    }
}

fn wake_now(batch: &mut Batch<'_>, users: &[UserId]) -> usize {
    let now = batch.now;
    let wake = |user| batch.row_mut(user).is_some_and(|row| rules::wake_now(row, now));
    users.iter().map(wake).filter(|changed| *changed).count()
}
