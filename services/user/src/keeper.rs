//! Keeps the stream in being and notices when what it held is gone.

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

use crate::{
    stream::{StreamError, StreamKeeping, StreamSeen},
    writer::{Answer, Work, WriterHandle},
};

/// How many rows are made due in one commit when the stream has lost its wake-ups.
const ROWS_PER_COMMIT: usize = 500;

/// What the relay and the keeper tell each other about the stream.
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
    /// The stream is gone, or is not what we made; look at it now.
    pub(crate) fn lost(&self) {
        self.shared.lost.notify_one();
    }

    /// The stream confirmed a wake-up under that number.
    pub(crate) fn saw(&self, sequence: u64) {
        self.shared.last_sequence.fetch_max(sequence, Ordering::Relaxed);
    }

    /// Whether a stream that says this forgot what it had confirmed: it is new, or an older copy.
    fn has_forgotten(&self, seen: StreamSeen) -> bool {
        let confirmed = self
            .shared
            .last_sequence
            .swap(seen.last_sequence, Ordering::Relaxed);
        seen.made || seen.last_sequence < confirmed
    }
}

/// Ensures the stream at start, at each reconnect and when it is found missing.
pub(crate) struct StreamSupervisor {
    pub(crate) nats: Nats,
    pub(crate) writer: WriterHandle,
    pub(crate) news: StreamNews,
    pub(crate) health: Registry,
    pub(crate) stream: StreamKeeping,
    /// Wakes the sweep once there is something to announce.
    pub(crate) swept: Arc<Notify>,
}

impl StreamSupervisor {
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let _ = Box::pin(shutdown.or(self.keep())).await;
    }

    async fn keep(&self) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        let mut reported = String::new();
        loop {
            self.nats.wait_until_connected().await;
            let epoch = self.nats.epoch();
            match self.look().await {
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

    async fn look(&self) -> Result<(), StreamError> {
        let seen = self.stream.ensure(&self.nats.jetstream()).await?;
        self.health.set(
            "stream",
            true,
            format!("{STREAM} holds {} wake-ups", seen.messages),
        );
        if self.news.has_forgotten(seen) {
            let rows = self.wake_announced().await;
            tracing::info!(
                stream = STREAM,
                rows,
                made = seen.made,
                "the stream has no memory; owed users are due"
            );
        }
        self.swept.notify_one();
        Ok(())
    }

    /// What was announced to a stream that lost it, and is in nobody's hands, is due again.
    async fn wake_announced(&self) -> usize {
        let mut total = 0;
        loop {
            match self
                .writer
                .ask(
                    Work::WakeAnnounced {
                        limit: ROWS_PER_COMMIT,
                    },
                    None,
                )
                .await
            {
                Ok(Answer::Rows(rows)) if rows > 0 => total += rows,
                // Without a database nothing can be woken; the rows' own wake-ups remain.
                _ => return total,
            }
        }
    }
}
