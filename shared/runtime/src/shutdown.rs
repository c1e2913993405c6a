//! A signal to stop that reaches every task, and a drain with a time limit.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

mod signals;

/// The signal to stop. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// A shutdown that only [`Shutdown::trigger`] starts, for tests.
    pub fn new() -> Self {
        Self::default()
    }

    /// A shutdown that SIGTERM or Ctrl-C starts. A second signal ends the process at once, with code 130.
    ///
    /// It must be called within a Tokio runtime, once per process.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::new();
        signals::watch(shutdown.clone())?;
        Ok(shutdown)
    }

    /// Starts the shutdown. Further calls change nothing.
    pub fn trigger(&self) {
        self.token.cancel();
    }

    /// Whether the shutdown has started.
    pub fn is_triggered(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits for the shutdown. The future owns what it needs, so that a server can take it.
    pub fn triggered(&self) -> WaitForCancellationFutureOwned {
        self.token.clone().cancelled_owned()
    }

    /// A shutdown for a part of the process. It starts with this one, or earlier on its own.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            token: self.token.child_token(),
        }
    }

    /// The token itself, for libraries that take one.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Runs `work` until it ends or the shutdown starts. `None` means that the shutdown came first.
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.token.run_until_cancelled(work).await
    }
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every task has ended.
    Finished,
    /// The limit came first, while tasks were still running.
    TimedOut {
        /// The number of tasks that had not ended.
        running: usize,
    },
}

/// Closes the tracker and waits for its tasks to end, at most for `limit`.
pub async fn drain(tracker: &TaskTracker, limit: Duration) -> Drained {
    tracker.close();
    match timeout(limit, tracker.wait()).await {
        Ok(()) => Drained::Finished,
        Err(_) => Drained::TimedOut {
            running: tracker.len(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_child_stops_with_its_parent_but_not_the_other_way_round() {
        let parent = Shutdown::new();
        let (first, second) = (parent.child(), parent.child());
        first.trigger();
        assert!(!parent.is_triggered() && !second.is_triggered());
        parent.trigger();
        second.triggered().await;
    }

    #[tokio::test]
    async fn work_is_cut_short_by_the_shutdown() {
        let shutdown = Shutdown::new();
        assert_eq!(shutdown.or(async { 7 }).await, Some(7));
        shutdown.trigger();
        assert_eq!(shutdown.or(std::future::pending::<u8>()).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_ends_at_its_limit_and_says_what_is_left() {
        let tracker = TaskTracker::new();
        tracker.spawn(std::future::pending::<()>());
        tracker.spawn(async {});
        let drained = drain(&tracker, Duration::from_secs(5)).await;
        assert_eq!(drained, Drained::TimedOut { running: 1 });
    }

    #[tokio::test]
    async fn a_drain_waits_for_what_runs() {
        let tracker = TaskTracker::new();
        tracker.spawn(tokio::task::yield_now());
        assert_eq!(drain(&tracker, Duration::from_secs(5)).await, Drained::Finished);
    }
}
