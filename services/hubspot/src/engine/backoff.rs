//! The growing pause after requests that the user service did not serve.

use std::time::Duration;

/// The first pause; each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The pause never grows beyond this.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// A pause that doubles with each failure and starts over after a success.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    until: Duration,
    failures: u32,
}

impl Backoff {
    /// When the pause ends.
    pub(crate) fn until(&self) -> Duration {
        self.until
    }

    pub(crate) fn is_over(&self, now: Duration) -> bool {
        self.until <= now
    }

    pub(crate) fn record_failure(&mut self, now: Duration) {
        self.until = now + doubled(FIRST_PAUSE, self.failures).min(MAX_PAUSE);
        self.failures = self.failures.saturating_add(1);
    }

    pub(crate) fn record_success(&mut self) {
        self.failures = 0;
    }
}

/// `first`, doubled this many times.
pub(crate) fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(2_u32.checked_pow(times).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_pause_up_to_five_seconds() {
        let mut backoff = Backoff::default();
        for pause_ms in [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000] {
            backoff.record_failure(Duration::from_secs(100));
            assert_eq!(backoff.until(), Duration::from_millis(100_000 + pause_ms));
        }
    }

    #[test]
    fn a_success_makes_the_next_pause_short_again() {
        let mut backoff = Backoff::default();
        backoff.record_failure(Duration::ZERO);
        backoff.record_failure(Duration::ZERO);
        backoff.record_success();
        backoff.record_failure(Duration::ZERO);
        assert_eq!(backoff.until(), FIRST_PAUSE);
    }
}
