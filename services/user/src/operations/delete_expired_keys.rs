//! Deletes idempotency keys that have expired, page by page.
//!
//! A database file has no index by expiry, because each change with a key would have to write it. Instead all keys are looked at, one
//! page after the other.

use std::time::Duration;

use contracts::UserId;

use crate::{
    commit::{Batch, CommitQueue, Operation, OperationError, Queue},
    store::{KeyPosition, KeysDeleted},
};

/// The most keys that are looked at, or deleted, in one commit. That takes about as long as a few changes.
const PAGE: usize = 2_000;
/// If this many keys of a page had expired, many others have too.
const MANY: u64 = PAGE as u64 / 20;
/// How long to wait after a page in which many keys had expired.
const PAUSE_AFTER_MANY: Duration = Duration::from_millis(50);
/// How long to wait after a page in which few had.
const PAUSE_AFTER_FEW: Duration = Duration::from_secs(1);
/// How long to wait after the last page.
const PAUSE_AFTER_LAST: Duration = Duration::from_secs(10);

/// Deletes those of the next keys that have expired.
#[derive(Debug, Clone)]
pub struct DeleteExpiredKeys {
    /// Behind which key the page begins.
    pub after: KeyPosition,
    /// How many keys to look at.
    pub limit: usize,
}

impl Operation for DeleteExpiredKeys {
    type Answer = KeysDeleted;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        Vec::new()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<KeysDeleted, OperationError> {
        Ok(batch.delete_expired_keys(&self.after, self.limit).await?)
    }
}

/// Deletes expired keys for as long as the service runs.
pub(crate) async fn delete_expired_keys(commits: CommitQueue) {
    let mut after = KeyPosition::default();
    loop {
        let page = DeleteExpiredKeys {
            after: after.clone(),
            limit: PAGE,
        };
        let pause = match commits.run(page, None).await {
            Ok(KeysDeleted { deleted, next }) => {
                let pause = match next {
                    None => PAUSE_AFTER_LAST,
                    Some(_) if deleted >= MANY => PAUSE_AFTER_MANY,
                    Some(_) => PAUSE_AFTER_FEW,
                };
                after = next.unwrap_or_default();
                pause
            }
            // The committer has logged why; the same page is next.
            Err(_) => PAUSE_AFTER_FEW,
        };
        tokio::time::sleep(pause).await;
    }
}
