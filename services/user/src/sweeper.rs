//! Looks for rows whose time has come and announces as many as the stream has room for.

use std::{sync::Arc, time::Duration};

use contracts::subjects::{BACKFILL_WINDOW, DUE_WINDOW, WINDOW};
use runtime::{Shutdown, nats::Nats};
use tokio::sync::Notify;

use crate::{
    keeper::StreamNews,
    room::StreamCapacity,
    stream::StreamKeeping,
    writer::{Answer, Work, WriterHandle},
};

/// The most rows of a lane in one commit.
const ROWS_PER_COMMIT: u64 = 500;
/// So many rows are announced at a time even if new changes leave the stream no room below [`DUE_WINDOW`], so that a
/// flood of them holds up nobody for good.
const LEAST: u64 = 20;
/// How long the stream may take to say how full it is.
const INFO_LIMIT: Duration = Duration::from_secs(2);
/// How long rows wait that are due and found no room: no longer than the fastest line takes to empty the stream.
const UNTIL_ROOM: Duration = Duration::from_millis(100);

/// Sweeps at each tick, and when it is woken.
pub(crate) struct Sweeper {
    pub(crate) nats: Nats,
    pub(crate) writer: WriterHandle,
    pub(crate) every: Duration,
    pub(crate) woken: Arc<Notify>,
    pub(crate) news: StreamNews,
    pub(crate) stream: StreamKeeping,
    pub(crate) room: StreamCapacity,
}

/// When to sweep again.
enum Again {
    /// More rows may be due.
    AtOnce,
    /// More rows may be due, but the stream had no room for them.
    Soon,
    /// Nothing more is due, or nothing can be announced.
    AtTheTick,
}

impl Sweeper {
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let _ = shutdown.or(self.sweep_for_ever()).await;
    }

    async fn sweep_for_ever(&self) {
        loop {
            let pause = match self.sweep().await {
                Again::AtOnce => continue,
                Again::Soon => self.every.min(UNTIL_ROOM),
                Again::AtTheTick => self.every,
            };
            let _ = tokio::time::timeout(pause, self.woken.notified()).await;
        }
    }

    /// Sweeps once.
    async fn sweep(&self) -> Again {
        let ended = self.room.ended();
        let Some(held) = self.wake_ups_held().await else {
            return Again::AtTheTick;
        };
        self.room.learn(ended, held);
        let left = self.room.left();
        let below = |window: u64| left.saturating_sub(WINDOW - window).min(ROWS_PER_COMMIT);
        let live = below(DUE_WINDOW).max(LEAST).min(left);
        if live == 0 {
            return Again::AtTheTick;
        }
        let backfill = below(BACKFILL_WINDOW);
        let count = |rows: u64| usize::try_from(rows).unwrap_or(0);
        let work = Work::Sweep {
            live: count(live),
            backfill: count(backfill),
        };
        match self.writer.ask(work, None).await {
            Ok(Answer::Rows(rows)) if rows < count(live) => Again::AtTheTick,
            Ok(Answer::Rows(_)) if live < ROWS_PER_COMMIT => Again::Soon,
            Ok(_) => Again::AtOnce,
            // The writer has said why; the rows stay due.
            Err(_) => Again::AtTheTick,
        }
    }

    /// How many wake-ups the stream holds; none while there is no stream to announce to, or one that is not what we made.
    async fn wake_ups_held(&self) -> Option<u64> {
        if !self.nats.is_connected() {
            return None;
        }
        let jetstream = self.nats.jetstream();
        let asked = tokio::time::timeout(INFO_LIMIT, self.stream.messages(&jetstream)).await;
        if let Ok(Ok(Some(messages))) = asked {
            return Some(messages);
        }
        // Missing, made by somebody else, or in a cluster without a leader: where nobody changes anything, nobody else would notice.
        self.news.lost();
        None
    }
}
