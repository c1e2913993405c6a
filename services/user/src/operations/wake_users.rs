//! Users whose wake-ups were lost become due at once.

use contracts::UserId;

use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules,
};

/// Makes these users due, because their wake-ups could not be published. Answers how many rows changed.
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

/// Makes users due whose wake-ups were in a stream that lost them. Answers how many rows changed.
#[derive(Debug, Clone, Copy)]
pub struct WakeAnnouncedUsers {
    /// The most users.
    pub limit: usize,
}

impl Operation for WakeAnnouncedUsers {
    type Answer = usize;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        Vec::new()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<usize, OperationError> {
        let announced = batch.transaction.announced(self.limit).await?;
        batch.load(&announced).await?;
        Ok(wake_now(batch, &announced))
    }
}

fn wake_now(batch: &mut Batch<'_>, users: &[UserId]) -> usize {
    let now = batch.now;
    let wake = |user| batch.row_mut(user).is_some_and(|row| rules::wake_now(row, now));
    users.iter().map(wake).filter(|changed| *changed).count()
}
