//! The calls of the account's day: what HubSpot says is left of them, less the reserve, and what this worker may use.

use std::{collections::VecDeque, time::Duration};

use crate::engine::{QuotaSettings, RateLimitHeaders};

const HOUR: Duration = Duration::from_hours(1);
const HOURS: u64 = 24;
/// However little is left of a day, who waits need not wait for longer than this for company.
const LONGEST_DISTANCE: Duration = Duration::from_secs(10);

/// What is left of the day.
#[derive(Debug)]
pub(super) struct Day {
    quota: QuotaSettings,
    /// The calls that a whole day has.
    whole: Option<u64>,
    /// By the last answer that said so, less what was sent since.
    left: Option<u64>,
    /// When that answer came. A day later its day has ended, whether or not another answer says so.
    said_at: Duration,
    /// The calls of this worker in each of the last hours. HubSpot's day ends at a midnight that a worker does not
    /// know, so that a limit of its own is kept in any 24 hours.
    mine: VecDeque<(u64, u64)>,
}

impl Day {
    pub(super) fn new(quota: QuotaSettings) -> Self {
        Self {
            quota,
            whole: None,
            left: None,
            said_at: Duration::ZERO,
            mine: VecDeque::new(),
        }
    }

    /// How many calls may still leave.
    pub(super) fn left(&self, now: Duration) -> u64 {
        let budgets = self.budgets(now).into_iter().flatten();
        budgets.map(|(_, left)| left).min().unwrap_or(u64::MAX)
    }

    /// How far apart calls are to be, so that the day lasts: as near as they come while more than half of it is left, and
    /// then so that the rest would last for 24 hours, since nobody knows when it ends.
    pub(super) fn distance(&self, now: Duration) -> Duration {
        let budgets = self.budgets(now).into_iter().flatten();
        let short = budgets.filter(|(whole, left)| *left <= whole / 2);
        let left = short
            .map(|(_, left)| u32::try_from(left).unwrap_or(u32::MAX))
            .min();
        left.map_or(Duration::ZERO, |left| {
            (HOUR * 24 / left.max(1)).min(LONGEST_DISTANCE)
        })
    }

    /// The calls of a whole day, and what is left of them: what HubSpot allows, and what this worker may use.
    fn budgets(&self, now: Duration) -> [Option<(u64, u64)>; 2] {
        let is_known = now < self.said_at + HOUR * 24;
        let by_header = self.whole.zip(self.left).filter(|_| is_known);
        let by_setting = self.quota.calls_per_day;
        [
            by_header,
            by_setting.map(|most| (most, most.saturating_sub(self.mine(now)))),
        ]
    }

    /// When the first hour's calls leave the last 24 hours, where it is the worker's own limit that is used up.
    pub(super) fn frees_at(&self, now: Duration) -> Option<Duration> {
        let most = self.quota.calls_per_day?;
        let oldest = self.mine.iter().find(|(hour, _)| hour + HOURS > hour_of(now))?;
        (self.mine(now) >= most).then(|| HOUR * u32::try_from(oldest.0 + HOURS).unwrap_or(u32::MAX))
    }

    pub(super) fn spend(&mut self, now: Duration) {
        self.left = self.left.map(|left| left.saturating_sub(1));
        let hour = hour_of(now);
        match self.mine.back_mut() {
            Some((last, calls)) if *last == hour => *calls += 1,
            _ => self.mine.push_back((hour, 1)),
        }
        while self.mine.front().is_some_and(|(first, _)| first + HOURS <= hour) {
            self.mine.pop_front();
        }
    }

    pub(super) fn learn(&mut self, now: Duration, limits: &RateLimitHeaders, still_out: usize) {
        // A day without a single call allowed is no limit that HubSpot has.
        let Some(remaining) = limits.daily_remaining.filter(|_| limits.daily != Some(0)) else {
            return;
        };
        let daily = limits.daily.unwrap_or(remaining);
        let reserve = daily / 100 * u64::from(self.quota.day_reserve_percent.min(100));
        let out = u64::try_from(still_out).unwrap_or(u64::MAX);
        self.said_at = now;
        self.whole = Some(daily.saturating_sub(reserve));
        self.left = Some(remaining.saturating_sub(reserve).saturating_sub(out));
    }

    fn mine(&self, now: Duration) -> u64 {
        let hour = hour_of(now);
        let recent = self.mine.iter().filter(|(of, _)| of + HOURS > hour);
        recent.map(|(_, calls)| calls).sum()
    }
}

fn hour_of(now: Duration) -> u64 {
    now.as_secs() / HOUR.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_of_an_hour_are_one_number_and_those_of_a_day_ago_are_none() {
        let mut day = Day::new(QuotaSettings::default());
        for hour in 0..100 {
            for _ in 0..10 {
                day.spend(HOUR * hour);
            }
        }
        assert_eq!(day.mine.len(), 24);
        assert_eq!(day.mine(HOUR * 99), 240);
    }
}
