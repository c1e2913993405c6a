//! Tells whoever watches that changes were accepted: a few notices a second, however many changes there are.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contracts::{AcceptedNotice, AcceptedUser, UserId, subjects::USERS_ACCEPTED};
use runtime::{Shutdown, nats::Nats};
use tokio::{sync::Notify, time::sleep};

/// The pause between notices.
const PAUSE: Duration = Duration::from_millis(100);
/// The most users a notice names; the others are only counted.
const MOST_NAMED: usize = 32;

/// The changes of a batch that have yet to reach HubSpot. What a key repeats is none.
#[derive(Debug, Default)]
pub(crate) struct Changes(AcceptedNotice);

impl Changes {
    /// One more, which the notice may name.
    pub(crate) fn name(&mut self, user_id: &UserId, version: u64) {
        self.count();
        if self.0.users.len() < MOST_NAMED {
            self.0.users.push(AcceptedUser {
                user_id: user_id.clone(),
                version,
            });
        }
    }

    /// One more, of which there may be a million: lines of imports.
    pub(crate) fn count(&mut self) {
        self.0.changes += 1;
    }
}

/// Changes that were committed and not told of yet. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<AcceptedNotice>,
    arrived: Notify,
}

impl Accepted {
    /// Notes the changes of a committed batch.
    pub(crate) fn note(&self, Changes(committed): Changes) {
        if committed.changes == 0 {
            return;
        }
        let mut waiting = self.waiting();
        waiting.changes += committed.changes;
        let room = MOST_NAMED - waiting.users.len();
        waiting.users.extend(committed.users.into_iter().take(room));
        drop(waiting);
        self.shared.arrived.notify_one();
    }

    /// Publishes what is noted until the shutdown. A lost notice is no loss: receipts can be read.
    pub(crate) async fn publish(self, nats: Nats, shutdown: Shutdown) {
        while shutdown.or(self.shared.arrived.notified()).await.is_some() {
            let notice = std::mem::take(&mut *self.waiting());
            if notice.changes > 0 && nats.is_connected() {
                let notice = serde_json::to_vec(&notice).expect("ids and numbers serialize");
                if let Err(error) = nats.client().publish(USERS_ACCEPTED, notice.into()).await {
                    tracing::debug!(%error, "a notice of accepted changes was not sent");
                }
            }
            if shutdown.or(sleep(PAUSE)).await.is_none() {
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

    fn changes(user: &str, versions: std::ops::Range<u64>) -> Changes {
        let mut changes = Changes::default();
        let user = user.parse().expect("a valid id");
        for version in versions {
            changes.name(&user, version);
        }
        changes
    }

    #[test]
    fn changes_are_counted_and_some_are_named() {
        let accepted = Accepted::default();
        let mut imported = changes("u1", 7..8);
        imported.count();
        accepted.note(imported);
        accepted.note(changes("u3", 1..101));
        let waiting = accepted.waiting();
        assert_eq!((waiting.changes, waiting.users.len()), (102, MOST_NAMED));
        assert_eq!(
            (waiting.users[0].user_id.as_str(), waiting.users[0].version),
            ("u1", 7)
        );
    }
}
