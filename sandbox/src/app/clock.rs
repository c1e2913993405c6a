//! The sandbox's time: the system's time at the start, from then on a monotonic clock.

use std::time::Instant;

use jiff::Timestamp;

/// A clock that started with the sandbox.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    wall: Timestamp,
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            wall: Timestamp::now(),
            started: Instant::now(),
        }
    }

    pub(crate) fn now(self) -> Timestamp {
        self.wall
            .saturating_add(self.started.elapsed())
            .unwrap_or(self.wall)
    }
}
