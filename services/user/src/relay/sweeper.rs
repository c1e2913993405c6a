//! Looks for users that are due and publishes their wake-ups, as far as the stream has space for them.

use std::{sync::Arc, time::Duration};

use contracts::subjects::{BACKFILL_WINDOW, DUE_WINDOW, WINDOW};
use runtime::{Shutdown, nats::Nats};
use tokio::sync::Notify;

use super::{StreamCapacity, StreamNews, stream::StreamProvisioner};
use crate::{commit::CommitQueue, operations::SweepUsers};

/// The maximum number of users of one priority in one commit.
const MAX_USERS_PER_COMMIT: u64 = 500;
/// At least this many users are woken even while new changes fill the stream beyond [`DUE_WINDOW`], so that a flood of changes
/// delays no user for ever.
const MIN_USERS: u64 = 20;
/// How long the stream may take to answer how many wake-ups it holds.
const INFO_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait when users are due and the stream is full: no longer than the fastest worker takes to empty it.
const PAUSE_WHILE_FULL: Duration = Duration::from_millis(100);

/// How many users to wake if the stream takes this many more wake-ups; none if it takes no more.
pub fn sweep_size(available: u64) -> Option<SweepUsers> {
    // Users that are due fill only a part of the stream, and back-fill a smaller part, so that new changes always find space.
    let below = |window: u64| {
        available
            .saturating_sub(WINDOW - window)
            .min(MAX_USERS_PER_COMMIT)
    };
    let live = below(DUE_WINDOW).max(MIN_USERS).min(available);
    let count = |users: u64| usize::try_from(users).unwrap_or(0);
    (live > 0).then(|| SweepUsers {
        live: count(live),
        backfill: count(below(BACKFILL_WINDOW)),
    })
}

/// When to sweep again after a sweep that found this many users due.
pub fn next_sweep(sweep: SweepUsers, due: usize) -> NextSweep {
    if due < sweep.live {
        NextSweep::AfterInterval
    } else if (sweep.live as u64) < MAX_USERS_PER_COMMIT {
        NextSweep::Soon
    } else {
        NextSweep::AtOnce
    }
}

/// Sweeps at intervals, and when it is notified.
pub(crate) struct Sweeper {
    pub(crate) nats: Nats,
    pub(crate) commits: CommitQueue,
    pub(crate) interval: Duration,
    pub(crate) sweep_now: Arc<Notify>,
    pub(crate) news: StreamNews,
    pub(crate) stream: StreamProvisioner,
    pub(crate) capacity: StreamCapacity,
}

/// When to sweep again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextSweep {
    /// More users may be due.
    AtOnce,
    /// More users may be due, but the stream had no space for them.
    Soon,
    /// No other user is due, or no wake-up can be published.
    AfterInterval,
}

impl Sweeper {
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let _ = shutdown.or(self.sweep_for_ever()).await;
    }

    async fn sweep_for_ever(&self) {
        loop {
            let pause = match self.sweep().await {
                NextSweep::AtOnce => continue,
                NextSweep::Soon => self.interval.min(PAUSE_WHILE_FULL),
                NextSweep::AfterInterval => self.interval,
            };
            let _ = tokio::time::timeout(pause, self.sweep_now.notified()).await;
        }
    }

    async fn sweep(&self) -> NextSweep {
        // Read before the stream, because of `StreamCapacity::released`.
        let released = self.capacity.released();
        let Some(held) = self.wake_ups_held().await else {
            return NextSweep::AfterInterval;
        };
        self.capacity.update(released, held);
        let Some(sweep) = sweep_size(self.capacity.available()) else {
            return NextSweep::AfterInterval;
        };
        match self.commits.run(sweep, None).await {
            Ok(due) => next_sweep(sweep, due),
            // The committer has logged why; the users stay due.
            Err(_) => NextSweep::AfterInterval,
        }
    }

    /// How many wake-ups the stream holds; none if there is no usable stream to publish to.
    async fn wake_ups_held(&self) -> Option<u64> {
        if !self.nats.is_connected() {
            return None;
        }
        let jetstream = self.nats.jetstream();
        let held = tokio::time::timeout(INFO_TIMEOUT, self.stream.messages(&jetstream)).await;
        if let Ok(Ok(Some(messages))) = held {
            return Some(messages);
        }
        // The stream is missing, has other settings, or its cluster has no leader. While no user changes, only the sweep
        // notices that.
        self.news.report_lost();
        None
    }
}
