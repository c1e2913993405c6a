//! The lengths of time the rules go by.

use super::UnixMs;

/// The lengths of time the rules go by, in milliseconds.
///
/// A time stored further ahead than its term allows counts as past, so that a clock that stepped back delays
/// nothing for longer than the term. Only a doubt starts anew then: ended early, it would protect from nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleTiming {
    /// How long a lease lasts unless it is renewed.
    pub lease: UnixMs,
    /// After what time a user that still owes is announced again.
    pub wake_up: UnixMs,
    /// How long an attempt may stay open before it may be given up; longer than all calls of one attempt together.
    pub attempt: UnixMs,
    /// How long HubSpot may still carry out a call after its caller gave up.
    pub late_write: UnixMs,
    /// How often at most a worker whose calls go unanswered steps aside for another.
    pub yield_lease: UnixMs,
}

/// The pauses between rechecks of what may have mended itself: 1 minute, 10 minutes, 1 hour, then daily.
const RECHECKS: [UnixMs; 4] = [60_000, 600_000, 3_600_000, 86_400_000];
const FIRST_PAUSE: UnixMs = 1_000;
const LONGEST_PAUSE: UnixMs = 60_000;
/// So many failures charged to a record park it.
pub(super) const MAX_COUNTED_FAILURES: u32 = 5;

impl Default for RuleTiming {
    fn default() -> Self {
        Self {
            lease: 3_000,
            wake_up: 60_000,
            attempt: 60_000,
            late_write: 120_000,
            yield_lease: 600_000,
        }
    }
}

impl RuleTiming {
    /// The furthest ahead a wake-up or a doubt's end is ever stored.
    pub fn horizon(&self) -> UnixMs {
        self.wake_up.max(self.late_write).max(LONGEST_PAUSE * 5 / 4)
    }

    /// The furthest ahead a recheck is ever stored.
    pub fn recheck_horizon() -> UnixMs {
        RECHECKS[RECHECKS.len() - 1]
    }
}

/// Whether a stored time has come, or lies further ahead than the rule that set it allows.
pub(super) fn has_come(at: UnixMs, now: UnixMs, furthest: UnixMs) -> bool {
    at <= now || at > now + furthest
}

/// The pause after so many rechecks.
pub(super) fn recheck_pause(rechecks: u32) -> UnixMs {
    RECHECKS[(rechecks as usize).min(RECHECKS.len() - 1)]
}

/// The pause after so many failures, the first being 1: 1 s, doubling to 1 minute, a quarter more or less.
///
/// The jitter comes from the user and the attempt, so that the rules stay free of chance.
pub(super) fn failure_pause(failures: u32, jitter_seed: u64) -> UnixMs {
    let doublings = failures.saturating_sub(1).min(6);
    let pause = (FIRST_PAUSE << doublings).min(LONGEST_PAUSE);
    let spread = i64::try_from(jitter_seed % 512).unwrap_or(0) - 256;
    pause + pause * spread / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_to_a_minute_and_strays_by_a_quarter_at_most() {
        for (failures, middle) in [(1, 1_000), (2, 2_000), (5, 16_000), (7, 60_000), (40, 60_000)] {
            for seed in [0, 17, 256, 511, u64::MAX] {
                let pause = failure_pause(failures, seed);
                assert!(
                    pause >= middle * 3 / 4 && pause <= middle * 5 / 4,
                    "{failures} {seed}: {pause}"
                );
            }
        }
    }

    #[test]
    fn the_horizon_holds_the_longest_pause_however_short_the_terms_are() {
        let short = RuleTiming {
            wake_up: 1,
            late_write: 1,
            ..RuleTiming::default()
        };
        assert_eq!(short.horizon(), 75_000);
    }

    #[test]
    fn rechecks_become_daily() {
        assert_eq!(
            [0, 1, 2, 3, 50].map(recheck_pause),
            [60_000, 600_000, 3_600_000, 86_400_000, 86_400_000]
        );
    }
}
