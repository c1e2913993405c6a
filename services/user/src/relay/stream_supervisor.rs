//! Makes sure that the stream exists, and notices when it has lost wake-ups.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use contracts::subjects::STREAM;
use runtime::{Backoff, Shutdown, health::Registry, nats::Nats};
use tokio::sync::Notify;

use super::stream::{StreamError, StreamProvisioner, StreamState};
use crate::{commit::CommitQueue, operations::WakePublishedUsers};

/// The maximum number of users that one commit makes due when the stream has lost their wake-ups.
const MAX_USERS_PER_COMMIT: usize = 500;

/// Events about the stream that the relay and the sweeper report to the supervisor. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamNews {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    lost: Notify,
    last_sequence: AtomicU64,
}

impl StreamNews {
    /// Makes the supervisor check the stream now, because it is missing or has other settings.
    pub(crate) fn report_lost(&self) {
        self.shared.lost.notify_one();
    }

    /// Records that the stream confirmed a wake-up with this sequence number.
    pub(crate) fn report_confirmed(&self, sequence: u64) {
        self.shared.last_sequence.fetch_max(sequence, Ordering::Relaxed);
    }

    /// Returns whether the stream lost wake-ups that it had confirmed, because it is new or was restored from an older copy.
    /// Later checks compare with its present state.
    fn check_for_loss(&self, found: StreamState) -> bool {
        let confirmed = self
            .shared
            .last_sequence
            .swap(found.last_sequence, Ordering::Relaxed);
        found.made || found.last_sequence < confirmed
    }
}

/// Checks the stream at start, at each reconnect and when it is reported lost.
pub(crate) struct StreamSupervisor {
    pub(crate) nats: Nats,
    pub(crate) commits: CommitQueue,
    pub(crate) news: StreamNews,
    pub(crate) health: Registry,
    pub(crate) stream: StreamProvisioner,
    /// Starts the sweep, once wake-ups can be published.
    pub(crate) sweep_now: Arc<Notify>,
}

impl StreamSupervisor {
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let _ = Box::pin(shutdown.or(self.supervise())).await;
    }

    async fn supervise(&self) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        let mut reported = String::new();
        loop {
            self.nats.wait_until_connected().await;
            let epoch = self.nats.epoch();
            match self.check().await {
                Ok(()) => {
                    backoff.reset();
                    reported.clear();
                }
                Err(error) => {
                    let error = error.to_string();
                    self.health.set("stream", false, error.clone());
                    if error != reported {
                        tracing::warn!(error, "there is no usable stream; trying again");
                        reported = error;
                    }
                    tokio::time::sleep(backoff.next_delay()).await;
                    continue;
                }
            }
            tokio::select! {
                _ = self.nats.wait_for_reconnect(epoch) => {}
                () = self.news.shared.lost.notified() => {}
            }
        }
    }

    async fn check(&self) -> Result<(), StreamError> {
        let found = self.stream.ensure(&self.nats.jetstream()).await?;
        self.health.set(
            "stream",
            true,
            format!("{STREAM} holds {} wake-ups", found.messages),
        );
        if self.news.check_for_loss(found) {
            let users = self.wake_published().await;
            tracing::info!(
                stream = STREAM,
                users,
                made = found.made,
                "the stream has lost wake-ups; their users were made due at once"
            );
        }
        self.sweep_now.notify_one();
        Ok(())
    }

    /// Makes users due whose wake-ups the stream has lost, unless an attempt is under way. Returns how many.
    async fn wake_published(&self) -> usize {
        let wake = WakePublishedUsers {
            limit: MAX_USERS_PER_COMMIT,
        };
        let mut total = 0;
        loop {
            match self.commits.run(wake, None).await {
                Ok(users) if users > 0 => total += users,
                // No user is left, or the database failed. Then the users are due at their own wake-up times.
                _ => return total,
            }
        }
    }
}
