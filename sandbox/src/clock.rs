//! The sandbox's time: wall time at the start, and from then on a clock that never goes back.

use std::time::Instant;

use jiff::Timestamp;

/// A clock that started when the sandbox did.
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
