//! How fast calls may leave: the governor, taught by the headers of HubSpot's answers.
//!
//! Two rules together. Calls leave at even distances (the generic cell rate algorithm), but at once while the window is
//! nearly empty, so that a lone call never waits and a flood is spread. And the log of what was sent never holds more
//! in a rolling window than is free, which is less than the limit while others use the same budget.

mod day;

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use super::{QuotaSettings, RateLimit, RateLimitHeaders};
use day::Day;

/// What is assumed until an answer says otherwise: the smallest plan.
const ASSUMED_MAX: u32 = 100;
const ASSUMED_INTERVAL: Duration = Duration::from_secs(10);
/// A longer window is taken for nonsense: it would stop the calls for as long.
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);
/// The longest pause after a 429, whatever HubSpot asks for, so that an early end of it is noticed.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// One call in so many of a window is not used: calls sent evenly do not arrive evenly.
const SPARE: u32 = 50;
/// One call in so many of a window is tried even if others seem to use all of it.
const FEW: u32 = 10;
/// As long as the window holds less than one in so many, calls leave at once. They are borrowed from the time after.
const AT_ONCE: u32 = 10;
/// So many calls may leave together even in a full window, so that a timer that fires late costs nothing.
const BUNCH: u32 = 3;
/// No more sent calls are remembered; more in a window than any account allows.
const REMEMBERED: usize = 10_000;

/// The pace of calls.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    quota: QuotaSettings,
    max: u32,
    interval: Duration,
    /// When calls at even distances would be through with what has left so far.
    even: Duration,
    paused_until: Duration,
    /// When the calls of the last two windows left.
    sent: VecDeque<Duration>,
    others: Others,
    /// When HubSpot last refused a call for the limit.
    refused_at: Option<Duration>,
    /// Whether an answer has shown the limits, since the last refusal.
    taught: bool,
    day: Day,
}

/// What others use of the same budget.
#[derive(Debug, Default)]
struct Others {
    calls: u32,
    /// When the call left whose answer showed it.
    seen_at: Duration,
}

impl RateLimiter {
    pub(crate) fn new(quota: QuotaSettings) -> Self {
        Self {
            quota,
            max: quota.calls_per_window.unwrap_or(ASSUMED_MAX),
            interval: ASSUMED_INTERVAL,
            even: Duration::ZERO,
            paused_until: Duration::ZERO,
            sent: VecDeque::new(),
            others: Others::default(),
            refused_at: None,
            taught: false,
            day: Day::new(quota),
        }
    }

    /// The earliest time at which a call may leave.
    pub(crate) fn next_at(&self, now: Duration) -> Duration {
        let free = self.free(now);
        let evenly = if self.in_window(now) < free / AT_ONCE {
            Duration::ZERO
        } else {
            self.even.saturating_sub(self.distance(free) * (BUNCH - 1))
        };
        let window_moves = self.when_no_more_than(free - 1);
        // A probe may find a new day of HubSpot's; of a limit of its own the worker knows when it allows a call.
        let day_frees = self.day_frees_at(now).unwrap_or_default();
        evenly.max(window_moves).max(self.paused_until).max(day_frees)
    }

    /// The same for a call that more could share: where the account's day runs short, it waits for them.
    pub(crate) fn next_shared_at(&self, now: Duration) -> Duration {
        let last = self.sent.back().copied().unwrap_or_default();
        self.next_at(now).max(last + self.day.distance(now))
    }

    /// The earliest time at which a call may leave that can wait: one for which nothing is borrowed from the time after,
    /// and that leaves half of the window to others. After a refusal the rest of the window is left to them.
    pub(crate) fn next_spare_at(&self, now: Duration) -> Duration {
        let half = self.free(now) / 2;
        let window_moves = match half.checked_sub(1) {
            Some(calls) => self.when_no_more_than(calls),
            // What others used is seen for a window.
            None => self.others.seen_at + self.interval,
        };
        let refusal_is_over = self.refused_at.map_or(Duration::ZERO, |at| at + self.interval);
        let spare = self.next_at(now).max(self.even).max(window_moves);
        spare.max(refusal_is_over)
    }

    /// Whether a window has a call to spare at all: of a single one none is left for what comes meanwhile.
    pub(crate) fn has_window_to_spare(&self) -> bool {
        self.free_beside(0) > 1
    }

    /// Whether the day has calls to spare.
    pub(crate) fn has_day_to_spare(&self, now: Duration) -> bool {
        self.has_day_left(now) && self.day.distance(now).is_zero()
    }

    /// The most calls out at once: one, until an answer has shown the limits.
    pub(crate) fn slots(&self, concurrency: usize) -> usize {
        if self.taught { concurrency } else { 1 }
    }

    /// Whether the day has a call left.
    pub(crate) fn has_day_left(&self, now: Duration) -> bool {
        self.day.left(now) > 0
    }

    /// When calls that this worker may make in a day become free again; none where only HubSpot knows.
    pub(crate) fn day_frees_at(&self, now: Duration) -> Option<Duration> {
        self.day.frees_at(now)
    }

    /// A call leaves.
    pub(crate) fn spend(&mut self, now: Duration) {
        self.even = self.even.max(now) + self.distance(self.free(now));
        self.sent.push_back(now);
        let too_old = |at: &Duration| *at + self.interval * 2 <= now;
        while self.sent.front().is_some_and(too_old) || self.sent.len() > REMEMBERED {
            self.sent.pop_front();
        }
        self.day.spend(now);
    }

    /// An answer came to a call that left at `sent_at`, with `still_out` other calls out.
    pub(crate) fn learn(
        &mut self,
        now: Duration,
        sent_at: Duration,
        limits: &RateLimitHeaders,
        still_out: usize,
    ) {
        self.taught |= self.refused_at.is_none_or(|at| sent_at >= at);
        self.max = limits.max.filter(|max| *max > 0).unwrap_or(self.max);
        self.interval = limits
            .interval
            .filter(|interval| !interval.is_zero() && *interval <= LONGEST_INTERVAL)
            .unwrap_or(self.interval);
        self.day.learn(now, limits, still_out);
        if let Some(remaining) = limits.remaining
            && sent_at >= self.others.seen_at
            && sent_at + self.interval > now
        {
            self.others = Others {
                calls: self.used_by_others(remaining, sent_at),
                seen_at: sent_at,
            };
        }
    }

    /// A 429 came: waits a tenth of the window, or as long as HubSpot says, and goes on with one call alone. That call
    /// shows how much is free; the window's other calls need not be waited for.
    pub(crate) fn record_rejection(
        &mut self,
        now: Duration,
        policy: RateLimit,
        retry_after: Option<Duration>,
    ) {
        let shortest = self.interval / 10;
        let wait = match (retry_after, policy) {
            (Some(asked), _) => asked.clamp(shortest, LONGEST_PAUSE),
            (None, RateLimit::Window | RateLimit::Second | RateLimit::Day) => shortest,
        };
        self.refused_at = Some(now);
        self.taught = false;
        self.pause(now + wait);
    }

    /// Lets no call leave before then.
    pub(crate) fn pause(&mut self, until: Duration) {
        self.paused_until = self.paused_until.max(until);
    }

    /// What the window holds besides the calls of this worker, as of the call that left at `sent_at`.
    fn used_by_others(&self, remaining: u32, sent_at: Duration) -> u32 {
        let used = self.max.saturating_sub(remaining);
        let others = used.saturating_sub(self.in_window(sent_at));
        // Calls that leave the window about now are counted by one side and not by the other.
        if others <= self.max / SPARE { 0 } else { others }
    }

    /// How many calls left in the window that ends then.
    fn in_window(&self, end: Duration) -> u32 {
        let until = self.sent.partition_point(|at| *at <= end);
        let from = self.sent.partition_point(|at| *at + self.interval <= end);
        u32::try_from(until - from).unwrap_or(u32::MAX)
    }

    /// When the window holds no more than so many calls.
    fn when_no_more_than(&self, calls: u32) -> Duration {
        self.sent
            .len()
            .checked_sub(calls as usize + 1)
            .and_then(|index| self.sent.get(index))
            .map_or(Duration::ZERO, |at| *at + self.interval)
    }

    /// How many calls of a window this worker may use now; never none.
    fn free(&self, now: Duration) -> u32 {
        let others = if self.others.seen_at + self.interval > now {
            self.others.calls
        } else {
            0
        };
        self.free_beside(others)
    }

    fn free_beside(&self, others: u32) -> u32 {
        let mine = self.max - percent(self.max, self.quota.window_reserve_percent);
        // What others use may be of the reserve. It leaves a few calls in any case, for only an answer shows more.
        let mine = mine.min(self.max.saturating_sub(others).max(self.max / FEW));
        let mine = mine.min(self.quota.calls_per_window.unwrap_or(mine));
        (mine - mine.div_ceil(SPARE).min(mine)).max(1)
    }

    /// The time between two calls that are spread evenly.
    fn distance(&self, free: u32) -> Duration {
        self.interval / (free + 1).saturating_sub(BUNCH).max(1)
    }
}

fn percent(of: u32, percent: u8) -> u32 {
    u32::try_from(u64::from(of) * u64::from(percent.min(100)) / 100).unwrap_or(of)
}
