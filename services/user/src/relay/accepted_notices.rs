//! Publishes that changes were accepted: at most ten notices a second, however many changes there are.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contracts::{AcceptedNotice, AcceptedUser, Notice, UserId};
use runtime::{Shutdown, nats::Nats};
use tokio::{sync::Notify, time::sleep};

/// The shortest time between two notices.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// The maximum number of users a notice names; the others are only counted.
const MAX_NAMED: usize = 32;

/// The changes of a batch that HubSpot does not have yet. A repeat of a change by its idempotency key does not count.
#[derive(Debug, Default)]
pub(crate) struct AcceptedChanges(AcceptedNotice);

impl AcceptedChanges {
    /// Counts a change that the notice may name.
    pub(crate) fn name(&mut self, user_id: &UserId, version: u64) {
        self.count();
        if self.0.users.len() < MAX_NAMED {
            self.0.users.push(AcceptedUser {
                user_id: user_id.clone(),
                version,
            });
        }
    }

    /// Counts a change that the notice does not name: a line of an import, of which there may be a million.
    pub(crate) fn count(&mut self) {
        self.0.changes += 1;
    }
}

/// Changes that were committed and not published yet. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct AcceptedNotices {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<AcceptedNotice>,
    arrived: Notify,
}

impl AcceptedNotices {
    /// Adds the changes of a committed batch.
    pub(crate) fn add(&self, AcceptedChanges(committed): AcceptedChanges) {
        if committed.changes == 0 {
            return;
        }
        let mut waiting = self.waiting();
        waiting.changes += committed.changes;
        let free = MAX_NAMED - waiting.users.len();
        waiting.users.extend(committed.users.into_iter().take(free));
        drop(waiting);
        self.shared.arrived.notify_one();
    }

    /// Publishes notices until the shutdown. A lost notice does no harm, because receipts can be read.
    pub(crate) async fn publish(self, nats: Nats, shutdown: Shutdown) {
        while shutdown.or(self.shared.arrived.notified()).await.is_some() {
            let notice = std::mem::take(&mut *self.waiting());
            if notice.changes > 0 && nats.is_connected() {
                let notice = serde_json::to_vec(&notice).expect("ids and numbers serialize");
                if let Err(error) = nats
                    .client()
                    .publish(AcceptedNotice::SUBJECT, notice.into())
                    .await
                {
                    tracing::debug!(%error, "a notice of accepted changes was not sent");
                }
            }
            if shutdown.or(sleep(MIN_INTERVAL)).await.is_none() {
                return;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, AcceptedNotice> {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(user: &str, versions: std::ops::Range<u64>) -> AcceptedChanges {
        let mut changes = AcceptedChanges::default();
        let user = user.parse().expect("a valid id");
        for version in versions {
            changes.name(&user, version);
        }
        changes
    }

    #[test]
    fn changes_are_counted_and_some_are_named() {
        let accepted = AcceptedNotices::default();
        let mut imported = changes("u1", 7..8);
        imported.count();
        accepted.add(imported);
        accepted.add(changes("u3", 1..101));
        let waiting = accepted.waiting();
        assert_eq!((waiting.changes, waiting.users.len()), (102, MAX_NAMED));
        assert_eq!(
            (waiting.users[0].user_id.as_str(), waiting.users[0].version),
            ("u1", 7)
        );
    }
}
