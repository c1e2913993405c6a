//! The deadline of a call, divided between both tries.

use std::time::Duration;

use tokio::time::Instant;

/// The part of the deadline for the first try, in percent. The rest is left for the second try.
const FIRST_TRY_PERCENT: u32 = 60;
/// The first try takes at most this long. After that the message is most likely lost, because the service stopped, and sending it
/// again does no harm.
const MAX_FIRST_TRY: Duration = Duration::from_secs(1);

/// The deadline of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    total: Duration,
    start: Instant,
}

impl Deadline {
    pub(super) fn starting_now(total: Duration) -> Self {
        Self {
            total,
            start: Instant::now(),
        }
    }

    pub(super) fn first_try(self) -> Duration {
        (self.total * FIRST_TRY_PERCENT / 100).min(MAX_FIRST_TRY)
    }

    pub(super) fn left(self) -> Duration {
        self.total.saturating_sub(self.start.elapsed())
    }

    /// How many milliseconds ago the call began.
    pub(super) fn elapsed_ms(self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_second_try_has_what_the_first_left() {
        let deadline = Deadline::starting_now(Duration::from_secs(5));
        assert_eq!(deadline.first_try(), Duration::from_secs(1));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(
            (deadline.left(), deadline.elapsed_ms()),
            (Duration::from_secs(4), 1_000)
        );
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(deadline.left(), Duration::ZERO);
    }

    #[test]
    fn a_short_deadline_is_shared_by_both_tries() {
        let deadline = Deadline::starting_now(Duration::from_millis(500));
        assert_eq!(deadline.first_try(), Duration::from_millis(300));
    }
}
