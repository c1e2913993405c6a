//! How long a request was in transit, independent of the wall clocks of the machines.
//!
//! A sender stamps each request with a clock of its own that never steps. The difference between our time of arrival and the
//! stamp means nothing by itself. But among the requests of one sender, the one with the smallest difference was the fastest,
//! and any other was in transit for as much longer as its difference is larger. So a request that waited in a stalled network,
//! or for this process while it was frozen, can be distinguished from one that was just sent. The first request of a sender
//! has nothing to be compared with and counts as just sent.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The smallest difference is remembered for at least this long, and for at most twice as long. Clocks that never step still
/// drift: in twice this time by 60 ms, if they differ by 100 parts per million, which is more than usual.
const MEMORY: Duration = Duration::from_mins(5);
/// At most this many clocks are remembered. Beyond them, the one whose last request is oldest is forgotten.
const MAX_CLOCKS: usize = 1_024;

/// The known differences to the senders' clocks.
#[derive(Debug)]
pub(super) struct Transit {
    started: Instant,
    clocks: Mutex<HashMap<u64, SendingClock>>,
}

/// The smallest differences between our time and a sender's, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct SendingClock {
    of_late: i64,
    before: i64,
    /// Since when `of_late` is collected.
    since: Instant,
    heard: Instant,
}

impl Default for Transit {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            clocks: Mutex::default(),
        }
    }
}

impl Transit {
    /// For how much longer than the fastest one a request with this stamp, which arrived now, was in transit.
    pub(super) fn under_way(&self, stamp: Option<&str>, now: Instant) -> Duration {
        let Some((id, sent_ms)) = stamp.and_then(parse) else {
            return Duration::ZERO;
        };
        let arrived_ms = i64::try_from((now - self.started).as_millis()).unwrap_or(i64::MAX);
        let difference = arrived_ms.saturating_sub(sent_ms);
        let mut clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        if !clocks.contains_key(&id) {
            make_place(&mut clocks);
        }
        let clock = clocks
            .entry(id)
            .or_insert_with(|| SendingClock::first(difference, now));
        let longer = difference.saturating_sub(clock.observe(difference, now));
        Duration::from_millis(u64::try_from(longer).unwrap_or(0))
    }
}

impl SendingClock {
    fn first(difference: i64, now: Instant) -> Self {
        Self {
            of_late: difference,
            before: difference,
            since: now,
            heard: now,
        }
    }

    /// Records a difference, and returns the smallest one.
    fn observe(&mut self, difference: i64, now: Instant) -> i64 {
        if now.duration_since(self.since) > MEMORY {
            // After such a pause the old differences are dropped. Otherwise each request of a sender that was suspended would
            // count as late for ever.
            let is_recent = now.duration_since(self.heard) <= MEMORY;
            self.before = if is_recent { self.of_late } else { difference };
            self.of_late = difference;
            self.since = now;
        }
        self.heard = now;
        self.of_late = self.of_late.min(difference);
        self.of_late.min(self.before)
    }
}

fn make_place(clocks: &mut HashMap<u64, SendingClock>) {
    if clocks.len() < MAX_CLOCKS {
        return;
    }
    let longest_ago = clocks.iter().min_by_key(|(_, clock)| clock.heard);
    if let Some(id) = longest_ago.map(|(id, _)| *id) {
        clocks.remove(&id);
    }
}

fn parse(stamp: &str) -> Option<(u64, i64)> {
    let (id, sent_ms) = stamp.split_once(' ')?;
    Some((u64::from_str_radix(id, 16).ok()?, sent_ms.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests of the clock `a`, each by when it was sent on that clock and when it came in on ours; how long each was
    /// under way.
    fn under_way(requests: &[(i64, u64)]) -> Vec<u128> {
        let transit = Transit::default();
        let one = |(sent, came): &(i64, u64)| {
            let now = transit.started + Duration::from_millis(*came);
            transit.under_way(Some(&format!("a {sent}")), now).as_millis()
        };
        requests.iter().map(one).collect()
    }

    #[test]
    fn a_request_that_was_held_up_is_told_from_one_that_was_just_sent() {
        let requests = [
            (50_000, 1_000),
            (50_500, 1_520),
            (51_000, 9_000),
            (59_100, 10_100),
        ];
        assert_eq!(under_way(&requests), [0, 20, 7_000, 0]);
    }

    #[test]
    fn a_quicker_request_shows_that_earlier_ones_were_slow() {
        let requests = [(0, 5_000), (1_000, 5_900), (2_000, 2_010), (3_000, 3_030)];
        assert_eq!(under_way(&requests), [0, 0, 0, 20]);
    }

    #[test]
    fn clocks_that_drift_apart_do_not_make_requests_late() {
        // One request a second for an hour; our clock gains 100 ms in a thousand seconds.
        let requests: Vec<_> = (0..3_600u64)
            .map(|second| {
                (
                    i64::try_from(second).unwrap_or(0) * 1_000,
                    second * 1_000 + second / 10,
                )
            })
            .collect();
        let longest = under_way(&requests).into_iter().max();
        assert!(longest <= Some(61), "{longest:?}");
    }

    #[test]
    fn a_sender_that_was_suspended_for_long_begins_anew() {
        // Its clock stood still meanwhile.
        assert_eq!(under_way(&[(0, 0), (1_000, 1_000), (2_000, 402_000)]), [0, 0, 0]);
    }

    #[test]
    fn clocks_are_compared_to_themselves_only_and_without_a_stamp_nothing_is_late() {
        let transit = Transit::default();
        let now = transit.started + Duration::from_hours(1);
        for stamp in [Some("a 0"), Some("b 3600000"), Some("c x"), Some(""), None] {
            assert_eq!(transit.under_way(stamp, now), Duration::ZERO, "{stamp:?}");
        }
    }

    #[test]
    fn the_clock_heard_of_longest_ago_is_forgotten() {
        let transit = Transit::default();
        let at = |ms| transit.started + Duration::from_millis(ms);
        for id in 0..2 * MAX_CLOCKS as u64 {
            transit.under_way(Some(&format!("{id:x} 0")), at(id));
        }
        let held_up = |id: u64| transit.under_way(Some(&format!("{id:x} 0")), at(60_000)) > Duration::ZERO;
        assert!(held_up(2 * MAX_CLOCKS as u64 - 1));
        assert!(!held_up(0));
        assert_eq!(
            transit.clocks.lock().map(|clocks| clocks.len()).ok(),
            Some(MAX_CLOCKS)
        );
    }
}
