//! How long a caller is kept waiting, over both tries.

use std::time::Duration;

use tokio::time::Instant;

/// The part of the deadline for the first try, in percent; enough is left for a second one to succeed.
const FIRST_TRY_PERCENT: u32 = 60;

/// The end of the waiting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    total: Duration,
    end: Instant,
}

impl Deadline {
    pub(super) fn starting_now(total: Duration) -> Self {
        Self {
            total,
            end: Instant::now() + total,
        }
    }

    pub(super) fn first_try(self) -> Duration {
        self.total * FIRST_TRY_PERCENT / 100
    }

    pub(super) fn left(self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_second_try_has_what_the_first_left() {
        let deadline = Deadline::starting_now(Duration::from_secs(5));
        assert_eq!(deadline.first_try(), Duration::from_secs(3));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(deadline.left(), Duration::from_secs(2));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(deadline.left(), Duration::ZERO);
    }
}
