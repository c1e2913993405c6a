//! Clocks: the one that requests are stamped with, and whether the user service's wall clock and ours agree.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Clocks further apart than this show on `/readyz`.
pub(crate) const MOST_APART_MS: u64 = 1_000;

/// The clock that requests are stamped with. It never steps, and no other clock has to agree with it: the user service
/// compares each stamp to earlier ones by the same clock, and so knows how long a request was under way.
#[derive(Debug)]
pub(crate) struct SendingClock {
    started: Instant,
    id: AtomicU64,
}

impl Default for SendingClock {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            id: AtomicU64::new(new_id()),
        }
    }
}

impl SendingClock {
    /// The stamp of a request that is sent now.
    pub(super) fn stamp(&self) -> String {
        let id = self.id.load(Ordering::Relaxed);
        format!("{id:x} {}", self.started.elapsed().as_millis())
    }

    /// Takes another id, so that nothing is compared to earlier stamps any more. For requests that were said to be late
    /// though their answers came in time: this machine was suspended, and its clock with it.
    pub(super) fn renew(&self) {
        self.id.store(new_id(), Ordering::Relaxed);
    }
}

fn new_id() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0
}

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
    fn a_renewed_clock_has_another_id_and_goes_on() {
        let clock = SendingClock::default();
        let stamp = || {
            let stamp = clock.stamp();
            let (id, ms) = stamp.split_once(' ').expect("two parts");
            (id.to_owned(), ms.parse::<u64>().expect("a number"))
        };
        let (first, second) = (stamp(), stamp());
        assert_eq!(first.0, second.0);
        clock.renew();
        let third = stamp();
        assert_ne!(third.0, first.0);
        assert!(third.1 >= first.1);
    }

    #[test]
    fn the_way_explains_what_it_can() {
        assert_eq!(difference(1_000, 1_300, 1_900), 0);
        assert_eq!(difference(1_000, 3_900, 1_900), 2_000);
        assert_eq!(difference(5_000, 1_000, 5_900), -4_000);
    }
}
