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

use super::stream::{StreamError, StreamKeeping, StreamSeen};
use crate::{commit::CommitQueue, operations::WakeAnnouncedUsers};

/// The most users that one commit makes due when the stream has lost their wake-ups.
const MAX_USERS_PER_COMMIT: usize = 500;

/// What the relay, the sweeper and the supervisor tell each other about the stream. Clones share it.
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
    /// The stream is missing or has other settings: the supervisor looks at it now.
    pub(crate) fn report_lost(&self) {
        self.shared.lost.notify_one();
    }

    /// The stream confirmed a wake-up under this sequence number.
    pub(crate) fn report_confirmed(&self, sequence: u64) {
        self.shared.last_sequence.fetch_max(sequence, Ordering::Relaxed);
    }

    /// Whether the stream lost wake-ups that it had confirmed, because it is new or an older copy. What it holds now counts from here
    /// on.
    fn check_for_loss(&self, seen: StreamSeen) -> bool {
        let confirmed = self
            .shared
            .last_sequence
            .swap(seen.last_sequence, Ordering::Relaxed);
        seen.made || seen.last_sequence < confirmed
    }
}

/// Checks the stream at start, at each reconnect and when it is reported lost.
pub(crate) struct StreamSupervisor {
    pub(crate) nats: Nats,
    pub(crate) commits: CommitQueue,
    pub(crate) news: StreamNews,
    pub(crate) health: Registry,
    pub(crate) stream: StreamKeeping,
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
                        tracing::warn!(error, "no usable stream; trying again");
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
        let seen = self.stream.ensure(&self.nats.jetstream()).await?;
        self.health.set(
            "stream",
            true,
            format!("{STREAM} holds {} wake-ups", seen.messages),
        );
        if self.news.check_for_loss(seen) {
            let users = self.wake_announced().await;
            tracing::info!(
                stream = STREAM,
                users,
                made = seen.made,
                "the stream has lost wake-ups; dirty users are due at once"
            );
        }
        self.sweep_now.notify_one();
        Ok(())
    }

    /// Makes users due whose wake-ups the stream has lost, unless an attempt is under way. Returns how many.
    async fn wake_announced(&self) -> usize {
        let wake = WakeAnnouncedUsers {
            limit: MAX_USERS_PER_COMMIT,
        };
        let mut total = 0;
        loop {
            match self.commits.run(wake, None).await {
                Ok(users) if users > 0 => total += users,
                // Nobody is left; or the database fails, and the rows' own wake-up times remain.
                _ => return total,
            }
        }
    }
}
