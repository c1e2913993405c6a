//! Whether the user service's clock and ours agree: deadlines travel as wall time, too.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Clocks further apart than this show on `/readyz`.
pub(crate) const MOST_APART_MS: u64 = 1_000;

/// The difference seen in the latest answer; positive where their clock is ahead.
#[derive(Debug, Default)]
pub(crate) struct ClockDifference(Mutex<Option<i64>>);

impl ClockDifference {
    /// Takes in the wall time of an answer, between our own times of asking and of being answered.
    pub(super) fn observe(&self, asked_ms: u64, theirs_ms: u64, answered_ms: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(difference(asked_ms, theirs_ms, answered_ms));
    }

    /// Milliseconds, if an answer was seen.
    pub(crate) fn latest_ms(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Only what the time on the way cannot explain counts as a difference.
fn difference(asked_ms: u64, theirs_ms: u64, answered_ms: u64) -> i64 {
    let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let ahead = signed(theirs_ms.saturating_sub(answered_ms));
    let behind = signed(asked_ms.saturating_sub(theirs_ms));
    ahead - behind
}

/// Our wall time in milliseconds since 1970.
pub(super) fn now_unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_explains_what_it_can() {
        assert_eq!(difference(1_000, 1_300, 1_900), 0);
        assert_eq!(difference(1_000, 3_900, 1_900), 2_000);
        assert_eq!(difference(5_000, 1_000, 5_900), -4_000);
    }
}
