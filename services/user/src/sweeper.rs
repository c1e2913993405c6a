//! Looks for rows whose time has come and announces as many as the stream has room for.

use std::{sync::Arc, time::Duration};

use contracts::subjects::{BACKFILL_WINDOW, STREAM, WINDOW};
use runtime::{Shutdown, nats::Nats};
use tokio::sync::Notify;

use crate::{
    keeper::StreamNews,
    stream,
    writer::{Answer, Work, WriterHandle},
};

/// The most rows of a lane in one commit.
const ROWS_PER_COMMIT: u64 = 500;
/// How long the stream may take to say how full it is.
const INFO_LIMIT: Duration = Duration::from_secs(2);

/// Sweeps at each tick, and when it is woken.
pub(crate) struct Sweeper {
    pub(crate) nats: Nats,
    pub(crate) writer: WriterHandle,
    pub(crate) every: Duration,
    pub(crate) woken: Arc<Notify>,
    pub(crate) news: StreamNews,
}

impl Sweeper {
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let _ = shutdown.or(self.sweep_for_ever()).await;
    }

    async fn sweep_for_ever(&self) {
        loop {
            while self.sweep().await {}
            let _ = tokio::time::timeout(self.every, self.woken.notified()).await;
        }
    }

    /// Sweeps once. Returns whether more rows may be due.
    async fn sweep(&self) -> bool {
        let Some(held) = self.wake_ups_held().await else {
            return false;
        };
        let live = WINDOW.saturating_sub(held).min(ROWS_PER_COMMIT);
        let backfill = BACKFILL_WINDOW.saturating_sub(held).min(ROWS_PER_COMMIT);
        if live == 0 {
            return false;
        }
        let (live, backfill) = (
            usize::try_from(live).unwrap_or(0),
            usize::try_from(backfill).unwrap_or(0),
        );
        match self.writer.ask(Work::Sweep { live, backfill }, None).await {
            Ok(Answer::Rows(rows)) => rows >= live,
            // The writer has said why; the rows stay due.
            _ => false,
        }
    }

    /// How many wake-ups the stream holds; none while there is no stream to announce to.
    async fn wake_ups_held(&self) -> Option<u64> {
        if !self.nats.is_connected() {
            return None;
        }
        let jetstream = self.nats.jetstream();
        let asked = tokio::time::timeout(INFO_LIMIT, jetstream.get_stream(STREAM)).await;
        match asked.ok()? {
            Ok(stream) => Some(stream.cached_info().state.messages),
            Err(error) => {
                // Where nobody changes anything, nobody else would notice.
                if stream::is_missing(&error) {
                    self.news.lost();
                }
                None
            }
        }
    }
}
