//! The times and limits of the rules.

use super::UnixMs;

/// The times of the rules, in milliseconds.
///
/// A stored time that is further ahead than the rule that set it allows counts as due. So after the clock stepped back, nothing
/// waits for longer than the rule allows. The late-write window is the exception: it starts again, because a window that ended
/// early would protect nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleTiming {
    /// How long the lease lasts unless it is renewed.
    pub lease: UnixMs,
    /// After how long a dirty user is woken again.
    pub wake_up: UnixMs,
    /// How long an attempt may take before it is given up. It is longer than all calls of one attempt together.
    pub attempt: UnixMs,
    /// How long HubSpot may still apply a call after we gave it up.
    pub late_write: UnixMs,
    /// The shortest time between two yields of the lease.
    pub yield_lease: UnixMs,
    /// The pause after the first failure of a user. Each further failure doubles it, up to a minute.
    pub first_failure_pause: UnixMs,
    /// How old the result of a field with a problem has to be before an equal value has the field sent again.
    pub equal_value_retry: UnixMs,
    /// How long an idempotency key is remembered.
    pub idempotency_key: UnixMs,
    /// How many idempotency keys a user may have at a time.
    pub max_idempotency_keys: u64,
}

/// The pauses between rechecks of a problem that may pass: 1 minute, 10 minutes, 1 hour, then daily.
const RECHECK_PAUSES: [UnixMs; 4] = [60_000, 600_000, 3_600_000, 86_400_000];
const MAX_FAILURE_PAUSE: UnixMs = 60_000;
/// After this many failures that count against the record, its fields get the state `failed`.
pub(super) const MAX_COUNTED_FAILURES: u32 = 5;

impl Default for RuleTiming {
    fn default() -> Self {
        Self {
            lease: 3_000,
            wake_up: 60_000,
            attempt: 60_000,
            late_write: 120_000,
            yield_lease: 600_000,
            first_failure_pause: 1_000,
            equal_value_retry: 600_000,
            idempotency_key: 86_400_000,
            max_idempotency_keys: 10_000,
        }
    }
}

impl RuleTiming {
    /// How far ahead a wake-up, or the end of a late-write window, is stored at most.
    pub fn max_wake_up_distance(&self) -> UnixMs {
        self.wake_up.max(self.late_write).max(MAX_FAILURE_PAUSE * 5 / 4)
    }

    /// The pause after this many failures, counted from 1: it doubles with each of them up to 1 minute, and varies by a quarter.
    ///
    /// The jitter is derived from `jitter_seed`, so that the rules stay deterministic.
    pub(super) fn failure_pause(&self, failures: u32, jitter_seed: u64) -> UnixMs {
        let doublings = failures.saturating_sub(1).min(6);
        let pause = (self.first_failure_pause << doublings).min(MAX_FAILURE_PAUSE);
        let spread = i64::try_from(jitter_seed % 512).unwrap_or(0) - 256;
        pause + pause * spread / 1024
    }

    /// How far ahead a recheck is stored at most.
    pub fn max_recheck_distance() -> UnixMs {
        RECHECK_PAUSES[RECHECK_PAUSES.len() - 1]
    }
}

/// Whether a stored time has come, or is further ahead than the rule that set it allows.
pub(super) fn is_due(at: UnixMs, now: UnixMs, furthest: UnixMs) -> bool {
    at <= now || at > now + furthest
}

/// The pause after this many rechecks.
pub(super) fn recheck_pause(rechecks: u32) -> UnixMs {
    RECHECK_PAUSES[(rechecks as usize).min(RECHECK_PAUSES.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_a_minute_and_varies_by_a_quarter() {
        for (failures, middle) in [(1, 1_000), (2, 2_000), (5, 16_000), (7, 60_000), (40, 60_000)] {
            for seed in [0, 17, 256, 511, u64::MAX] {
                let pause = RuleTiming::default().failure_pause(failures, seed);
                assert!(
                    pause >= middle * 3 / 4 && pause <= middle * 5 / 4,
                    "{failures} {seed}: {pause}"
                );
            }
        }
    }

    #[test]
    fn the_wake_up_distance_covers_the_longest_pause() {
        let short = RuleTiming {
            wake_up: 1,
            late_write: 1,
            ..RuleTiming::default()
        };
        assert_eq!(short.max_wake_up_distance(), 75_000);
    }

    #[test]
    fn rechecks_become_daily() {
        assert_eq!(
            [0, 1, 2, 3, 50].map(recheck_pause),
            [60_000, 600_000, 3_600_000, 86_400_000, 86_400_000]
        );
    }
}
