//! When the next call may leave, by HubSpot's rate limits, the settings, and what the response headers say.
//!
//! Two rules work together. The generic cell rate algorithm (GCRA) spreads calls evenly: each call moves the
//! *theoretical arrival time* of the next one by the *emission interval*, and a *burst* may run ahead of it. While the
//! window is nearly empty calls leave at once, so that a single call never waits. And a log of the calls sent keeps a
//! rolling window from ever holding more than its share of HubSpot's limit.

mod daily_budget;

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use super::{QuotaSettings, RateLimitHeaders};
use daily_budget::DailyBudget;

/// The limit that is assumed until a response says otherwise: that of HubSpot's smallest plan.
const ASSUMED_LIMIT: u32 = 100;
const ASSUMED_WINDOW: Duration = Duration::from_secs(10);
/// A longer window in a header is ignored as nonsense: it would stop the calls for as long.
const MAX_WINDOW: Duration = Duration::from_mins(1);
/// The longest pause after a 429, even if HubSpot asks for a longer one, so that an early recovery is noticed.
const MAX_PAUSE: Duration = Duration::from_hours(1);
/// One in this many calls of a window is not used, because calls that leave evenly do not arrive evenly.
const MARGIN_DIVISOR: u32 = 50;
/// One in this many calls of a window is tried even if others seem to use all of them.
const MIN_SHARE_DIVISOR: u32 = 10;
/// While the window holds less than one in this many of its calls, calls leave at once.
const NEARLY_EMPTY_DIVISOR: u32 = 10;
/// This many calls may leave together even if the window is full, so that a timer that fires late costs nothing.
const BURST: u32 = 3;
/// At most this many sent calls are remembered, which is more than any account allows in a window.
const MAX_SENT: usize = 10_000;

/// The rate limiter.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    quota: QuotaSettings,
    limit: u32,
    window: Duration,
    /// When the next call would leave if all calls so far had left evenly.
    theoretical_arrival: Duration,
    paused_until: Duration,
    /// When each call of the last two windows left.
    sent: VecDeque<Duration>,
    others: OtherCalls,
    /// When HubSpot last rejected a call for a rate limit.
    rejected_at: Option<Duration>,
    /// Whether a response has shown the limits since the last such rejection.
    knows_limits: bool,
    day: DailyBudget,
}

/// What others use of the same limit.
#[derive(Debug, Default)]
struct OtherCalls {
    calls: u32,
    /// When the call left whose response showed it.
    seen_at: Duration,
}

impl RateLimiter {
    pub(crate) fn new(quota: QuotaSettings) -> Self {
        Self {
            quota,
            limit: quota.calls_per_window.unwrap_or(ASSUMED_LIMIT),
            window: ASSUMED_WINDOW,
            theoretical_arrival: Duration::ZERO,
            paused_until: Duration::ZERO,
            sent: VecDeque::new(),
            others: OtherCalls::default(),
            rejected_at: None,
            knows_limits: false,
            day: DailyBudget::new(quota),
        }
    }

    /// The earliest time at which a call may leave.
    pub(crate) fn next_call_at(&self, now: Duration) -> Duration {
        let share = self.share(now);
        let evenly = if self.sent_in_window(now) < share / NEARLY_EMPTY_DIVISOR {
            Duration::ZERO
        } else {
            let tolerance = self.emission_interval(share) * (BURST - 1);
            self.theoretical_arrival.saturating_sub(tolerance)
        };
        let window_moves = self.when_window_holds_at_most(share - 1);
        // Within HubSpot's daily limit a recovery check may find that a new day has begun. Of the limit in its own
        // settings the worker knows when it allows the next call.
        let day_frees = self.day_frees_at(now).unwrap_or_default();
        evenly.max(window_moves).max(self.paused_until).max(day_frees)
    }

    /// The same for a call that more records could share: when the account's day runs short, it waits for them.
    pub(crate) fn next_shared_call_at(&self, now: Duration) -> Duration {
        let last = self.sent.back().copied().unwrap_or_default();
        self.next_call_at(now).max(last + self.day.emission_interval(now))
    }

    /// The earliest time at which a call may leave that delays no delivery. It does not run ahead of the theoretical
    /// arrival time, leaves half of the window to others, and leaves all of it to them after a rejection.
    pub(crate) fn next_spare_call_at(&self, now: Duration) -> Duration {
        let half = self.share(now) / 2;
        let window_moves = match half.checked_sub(1) {
            Some(calls) => self.when_window_holds_at_most(calls),
            // Half of the share is less than one call. So the call waits until the window has passed in which others
            // were last seen to make calls.
            None => self.others.seen_at + self.window,
        };
        let rejection_is_over = self.rejected_at.map_or(Duration::ZERO, |at| at + self.window);
        self.next_call_at(now)
            .max(self.theoretical_arrival)
            .max(window_moves)
            .max(rejection_is_over)
    }

    /// Whether a window has a call to spare at all. A single call is kept for the next delivery.
    pub(crate) fn has_spare_window(&self) -> bool {
        self.share_beside(0) > 1
    }

    /// Whether the day has calls to spare.
    pub(crate) fn has_spare_day(&self, now: Duration) -> bool {
        self.has_day_left(now) && self.day.emission_interval(now).is_zero()
    }

    /// The maximum number of calls in flight: one until a response has shown the limits.
    pub(crate) fn max_in_flight(&self, concurrency: usize) -> usize {
        if self.knows_limits { concurrency } else { 1 }
    }

    /// Whether the day has a call left.
    pub(crate) fn has_day_left(&self, now: Duration) -> bool {
        self.day.left(now) > 0
    }

    /// When the setting for calls in 24 hours allows the next call; `None` if the setting is not used up.
    pub(crate) fn day_frees_at(&self, now: Duration) -> Option<Duration> {
        self.day.frees_at(now)
    }

    /// A call leaves.
    pub(crate) fn record_call(&mut self, now: Duration) {
        let interval = self.emission_interval(self.share(now));
        self.theoretical_arrival = self.theoretical_arrival.max(now) + interval;
        self.sent.push_back(now);
        let is_too_old = |at: &Duration| *at + self.window * 2 <= now;
        while self.sent.front().is_some_and(is_too_old) || self.sent.len() > MAX_SENT {
            self.sent.pop_front();
        }
        self.day.record_call(now);
    }

    /// A response came to a call that left at `sent_at`; `in_flight` other calls have none yet.
    pub(crate) fn record_response(
        &mut self,
        now: Duration,
        sent_at: Duration,
        headers: &RateLimitHeaders,
        in_flight: usize,
    ) {
        self.knows_limits |= self.rejected_at.is_none_or(|at| sent_at >= at);
        self.limit = headers.max.filter(|max| *max > 0).unwrap_or(self.limit);
        self.window = headers
            .interval
            .filter(|window| !window.is_zero() && *window <= MAX_WINDOW)
            .unwrap_or(self.window);
        self.day.record_response(now, headers, in_flight);
        // Responses come in any order. One to an older call than the last one taken, or one so late that its window has
        // passed, says nothing about now.
        if let Some(remaining) = headers.remaining
            && sent_at >= self.others.seen_at
            && sent_at + self.window > now
        {
            self.others = OtherCalls {
                calls: self.used_by_others(remaining, sent_at),
                seen_at: sent_at,
            };
        }
    }

    /// A call was rejected with 429. Waits a tenth of the window, or as long as HubSpot says, and goes on with one call
    /// alone: its response shows how much is free, so the rest of the window need not be waited for.
    pub(crate) fn record_rejection(&mut self, now: Duration, retry_after: Option<Duration>) {
        let shortest = self.window / 10;
        let pause = retry_after.map_or(shortest, |asked| asked.clamp(shortest, MAX_PAUSE));
        self.rejected_at = Some(now);
        self.knows_limits = false;
        self.pause_until(now + pause);
    }

    /// Lets no call leave before then.
    pub(crate) fn pause_until(&mut self, until: Duration) {
        self.paused_until = self.paused_until.max(until);
    }

    /// What the window holds besides the calls of this worker, as of the call that left at `sent_at`.
    fn used_by_others(&self, remaining: u32, sent_at: Duration) -> u32 {
        let used = self.limit.saturating_sub(remaining);
        let others = used.saturating_sub(self.sent_in_window(sent_at));
        // HubSpot's window and this one are not quite the same, so a few calls are counted by one side only.
        if others <= self.limit / MARGIN_DIVISOR {
            0
        } else {
            others
        }
    }

    /// How many calls left in the window that ends then.
    fn sent_in_window(&self, end: Duration) -> u32 {
        let until = self.sent.partition_point(|at| *at <= end);
        let from = self.sent.partition_point(|at| *at + self.window <= end);
        u32::try_from(until - from).unwrap_or(u32::MAX)
    }

    /// When the window holds at most this many calls.
    fn when_window_holds_at_most(&self, calls: u32) -> Duration {
        self.sent
            .len()
            .checked_sub(calls as usize + 1)
            .and_then(|index| self.sent.get(index))
            .map_or(Duration::ZERO, |at| *at + self.window)
    }

    /// How many calls of a window this worker may use now; at least one.
    fn share(&self, now: Duration) -> u32 {
        let others = if self.others.seen_at + self.window > now {
            self.others.calls
        } else {
            0
        };
        self.share_beside(others)
    }

    fn share_beside(&self, others: u32) -> u32 {
        let share = self.limit - percent_of(self.limit, self.quota.window_reserve_percent);
        // The calls of others may come out of the reserve. A few calls are tried in any case, because only a response
        // shows that more are free.
        let free = self
            .limit
            .saturating_sub(others)
            .max(self.limit / MIN_SHARE_DIVISOR);
        let share = share.min(free);
        let share = share.min(self.quota.calls_per_window.unwrap_or(share));
        (share - share.div_ceil(MARGIN_DIVISOR).min(share)).max(1)
    }

    /// The time between two calls that leave evenly.
    fn emission_interval(&self, share: u32) -> Duration {
        // A burst may come on top of the even calls, so they leave room for it.
        self.window / (share + 1).saturating_sub(BURST).max(1)
    }
}

fn percent_of(whole: u32, percent: u8) -> u32 {
    u32::try_from(u64::from(whole) * u64::from(percent.min(100)) / 100).unwrap_or(whole)
}
