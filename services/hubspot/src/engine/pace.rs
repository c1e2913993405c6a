//! How fast calls may leave: a token bucket that the headers of HubSpot's answers teach.
//!
//! A bucket of a tenth of the window's calls, refilled at the rate of the other nine tenths, cannot exceed the limit
//! in any window, however the calls fall, and lets a lone call leave at once. It is kept as the time at which the
//! bucket would be full again, so there is nothing to refill.

use std::{collections::VecDeque, time::Duration};

use super::{Limits, Policy};

/// What is assumed until an answer says otherwise: the smallest plan.
const ASSUMED_MAX: u32 = 100;
const ASSUMED_INTERVAL: Duration = Duration::from_secs(10);
/// A longer window is taken for nonsense: it would stop the calls for as long.
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);
/// The shortest pause after a 429, and the pause while others have used up the window.
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after a 429, whatever HubSpot asks for, so that an early end of it is noticed.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// The pace of calls.
#[derive(Debug)]
pub(crate) struct Pace {
    max: u32,
    interval: Duration,
    full_again_at: Duration,
    paused_until: Duration,
    sent: VecDeque<Duration>,
    taught: bool,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            max: ASSUMED_MAX,
            interval: ASSUMED_INTERVAL,
            full_again_at: Duration::ZERO,
            paused_until: Duration::ZERO,
            sent: VecDeque::new(),
            taught: false,
        }
    }

    /// The earliest time at which a call may leave.
    pub(crate) fn next_at(&self) -> Duration {
        self.full_again_at
            .saturating_sub(self.refill() * (self.burst() - 1))
            .max(self.paused_until)
    }

    /// The most calls out at once: one, until an answer has shown the limits.
    pub(crate) fn slots(&self, concurrency: usize) -> usize {
        if self.taught { concurrency } else { 1 }
    }

    /// A call leaves.
    pub(crate) fn spend(&mut self, now: Duration) {
        self.full_again_at = self.full_again_at.max(now) + self.refill();
        self.sent.push_back(now);
        while self.sent.front().is_some_and(|at| *at + self.interval <= now) || self.sent.len() > 1_000 {
            self.sent.pop_front();
        }
    }

    /// An answer came, with `still_out` other calls out whose cost it may not include.
    pub(crate) fn learn(&mut self, now: Duration, limits: &Limits, still_out: usize) {
        self.taught = true;
        self.max = limits.max.filter(|max| *max > 0).unwrap_or(self.max);
        self.interval = limits
            .interval
            .filter(|interval| !interval.is_zero() && *interval <= LONGEST_INTERVAL)
            .unwrap_or(self.interval);
        let Some(remaining) = limits.remaining else { return };
        let left = remaining.saturating_sub(u32::try_from(still_out).unwrap_or(u32::MAX));
        if left == 0 {
            self.pause(now + SHORT_PAUSE.min(self.interval));
        } else if left < self.burst() {
            let missing = self.burst() - left;
            self.full_again_at = self.full_again_at.max(now + self.refill() * missing);
        }
    }

    /// A 429 came: wait until the window moves, or as long as HubSpot says.
    pub(crate) fn refused(&mut self, now: Duration, policy: Policy, retry_after: Option<Duration>) {
        let wait = match (retry_after, policy) {
            (Some(asked), _) => asked.clamp(SHORT_PAUSE.min(self.interval), LONGEST_PAUSE),
            (None, Policy::Second) => SHORT_PAUSE,
            (None, Policy::Burst | Policy::Day) => self.until_window_moves(now),
        };
        self.pause(now + wait);
    }

    fn pause(&mut self, until: Duration) {
        self.paused_until = self.paused_until.max(until);
    }

    /// Until the oldest call of the window leaves it; at most the whole window.
    fn until_window_moves(&self, now: Duration) -> Duration {
        let oldest = self.sent.iter().find(|at| **at + self.interval > now);
        let wait = oldest.map_or(self.interval, |at| (*at + self.interval).saturating_sub(now));
        wait.clamp(SHORT_PAUSE.min(self.interval), self.interval)
    }

    fn burst(&self) -> u32 {
        (self.max / 10).max(1)
    }

    fn refill(&self) -> Duration {
        self.interval / (self.max - self.burst()).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Sends as early as allowed, and returns when.
    fn send_all(pace: &mut Pace, count: usize) -> Vec<Duration> {
        let mut now = seconds(100);
        (0..count)
            .map(|_| {
                now = now.max(pace.next_at());
                pace.spend(now);
                now
            })
            .collect()
    }

    #[test]
    fn no_window_holds_more_calls_than_the_limit() {
        for max in [1, 2, 7, 10, 100, 190] {
            let mut pace = Pace::new();
            pace.learn(
                seconds(0),
                &Limits {
                    max: Some(max),
                    ..Limits::default()
                },
                0,
            );
            let times = send_all(&mut pace, max as usize * 4);
            for (index, start) in times.iter().enumerate() {
                let inside = times[index..]
                    .iter()
                    .take_while(|at| **at < *start + seconds(10))
                    .count();
                assert!(inside <= max as usize, "{inside} calls in a window of {max}");
            }
        }
    }

    #[test]
    fn a_lone_call_leaves_at_once_and_a_flood_uses_nearly_all_that_is_allowed() {
        let mut pace = Pace::new();
        pace.learn(
            seconds(0),
            &Limits {
                max: Some(190),
                ..Limits::default()
            },
            0,
        );
        assert_eq!(pace.next_at(), Duration::ZERO);
        let times = send_all(&mut pace, 2_000);
        let took = times[1_999].saturating_sub(times[0]);
        assert!(took < seconds(117), "2,000 calls took {took:?}");
    }

    #[test]
    fn calls_of_others_are_seen_in_what_remains() {
        let mut pace = Pace::new();
        let limits = Limits {
            max: Some(190),
            remaining: Some(6),
            ..Limits::default()
        };
        pace.learn(seconds(100), &limits, 3);
        let burst = send_all(&mut pace, 4)
            .into_iter()
            .filter(|at| *at == seconds(100))
            .count();
        assert_eq!(burst, 3);
        pace.learn(
            seconds(200),
            &Limits {
                remaining: Some(0),
                ..Limits::default()
            },
            0,
        );
        assert!(pace.next_at() >= seconds(201));
    }

    #[test]
    fn a_429_waits_until_the_window_moves_but_at_most_a_window() {
        let mut pace = Pace::new();
        pace.spend(seconds(94));
        pace.refused(seconds(100), Policy::Burst, None);
        assert_eq!(pace.next_at(), seconds(104));
        let mut fresh = Pace::new();
        fresh.refused(seconds(100), Policy::Burst, None);
        assert_eq!(fresh.next_at(), seconds(110));
        fresh.refused(seconds(100), Policy::Burst, Some(seconds(17)));
        assert_eq!(fresh.next_at(), seconds(117));
    }

    #[test]
    fn waits_and_windows_that_make_no_sense_neither_stop_the_calls_for_good_nor_let_them_hammer() {
        for asked in [Duration::MAX, seconds(u64::MAX), seconds(86_400 * 365)] {
            let mut pace = Pace::new();
            pace.refused(seconds(100), Policy::Burst, Some(asked));
            assert!(pace.next_at() <= seconds(100 + 3_600), "{:?}", pace.next_at());
        }
        let mut pace = Pace::new();
        pace.refused(seconds(100), Policy::Burst, Some(Duration::ZERO));
        assert_eq!(pace.next_at(), seconds(101));
        let window = |max, interval| Limits {
            max: Some(max),
            interval: Some(interval),
            ..Limits::default()
        };
        for max in [0, 1, 100, u32::MAX] {
            for interval in [Duration::ZERO, Duration::from_millis(u64::MAX)] {
                let mut pace = Pace::new();
                pace.learn(seconds(100), &window(max, interval), 0);
                let times = send_all(&mut pace, 3);
                assert!(times[2] <= seconds(100 + 180), "{max} in {interval:?}: {times:?}");
            }
        }
    }

    #[test]
    fn the_first_call_is_alone() {
        let mut pace = Pace::new();
        assert_eq!(pace.slots(6), 1);
        pace.learn(seconds(0), &Limits::default(), 0);
        assert_eq!(pace.slots(6), 6);
    }
}
