//! The calls of the account's day: what HubSpot says is left of them, less the reserve, and what the settings allow.

use std::{collections::VecDeque, time::Duration};

use crate::engine::{QuotaSettings, RateLimitHeaders};

const HOUR: Duration = Duration::from_hours(1);
const HOURS_PER_DAY: u64 = 24;
/// However little is left of the day, a call does not wait longer than this for others to share it.
const MAX_EMISSION_INTERVAL: Duration = Duration::from_secs(10);

/// What is left of the day.
#[derive(Debug)]
pub(super) struct DailyBudget {
    quota: QuotaSettings,
    /// The calls of a whole day, by the last response that said so.
    whole: Option<u64>,
    /// What is left by that response, less the calls since.
    left: Option<u64>,
    /// When that response came. A day later its day has ended, even if no other response says so.
    learned_at: Duration,
    /// The calls of this worker in each of the last hours: the hour and its calls. HubSpot's day ends at a midnight that
    /// a worker does not know, so the setting holds for any 24 hours.
    hourly: VecDeque<(u64, u64)>,
}

impl DailyBudget {
    pub(super) fn new(quota: QuotaSettings) -> Self {
        Self {
            quota,
            whole: None,
            left: None,
            learned_at: Duration::ZERO,
            hourly: VecDeque::new(),
        }
    }

    /// How many calls may still leave.
    pub(super) fn left(&self, now: Duration) -> u64 {
        let budgets = self.budgets(now).into_iter().flatten();
        budgets.map(|(_, left)| left).min().unwrap_or(u64::MAX)
    }

    /// The time between two calls, so that the day lasts. It is zero while more than half of the day is left. After that
    /// the rest is spread over 24 hours, because nobody knows when the day ends.
    pub(super) fn emission_interval(&self, now: Duration) -> Duration {
        let budgets = self.budgets(now).into_iter().flatten();
        let short = budgets.filter(|(whole, left)| *left <= whole / 2);
        let left = short
            .map(|(_, left)| u32::try_from(left).unwrap_or(u32::MAX))
            .min();
        left.map_or(Duration::ZERO, |left| {
            (HOUR * 24 / left.max(1)).min(MAX_EMISSION_INTERVAL)
        })
    }

    /// The calls of a whole day and what is left of them, by HubSpot's headers and by the settings.
    fn budgets(&self, now: Duration) -> [Option<(u64, u64)>; 2] {
        let is_current = now < self.learned_at + HOUR * 24;
        let by_header = self.whole.zip(self.left).filter(|_| is_current);
        let by_setting = self.quota.calls_per_day;
        [
            by_header,
            by_setting.map(|max| (max, max.saturating_sub(self.sent(now)))),
        ]
    }

    /// When the first hour's calls leave the last 24 hours, if the setting is used up.
    pub(super) fn frees_at(&self, now: Duration) -> Option<Duration> {
        let max = self.quota.calls_per_day?;
        let oldest = self
            .hourly
            .iter()
            .find(|(hour, _)| hour + HOURS_PER_DAY > hour_of(now))?;
        (self.sent(now) >= max).then(|| HOUR * u32::try_from(oldest.0 + HOURS_PER_DAY).unwrap_or(u32::MAX))
    }

    pub(super) fn record_call(&mut self, now: Duration) {
        self.left = self.left.map(|left| left.saturating_sub(1));
        let hour = hour_of(now);
        match self.hourly.back_mut() {
            Some((last, calls)) if *last == hour => *calls += 1,
            _ => self.hourly.push_back((hour, 1)),
        }
        while self
            .hourly
            .front()
            .is_some_and(|(first, _)| first + HOURS_PER_DAY <= hour)
        {
            self.hourly.pop_front();
        }
    }

    /// Takes what a response says about the day. HubSpot may not have counted the calls that are still in flight.
    pub(super) fn record_response(&mut self, now: Duration, headers: &RateLimitHeaders, in_flight: usize) {
        // HubSpot has no account without a single call in a day, so such headers are nonsense.
        let Some(remaining) = headers.daily_remaining.filter(|_| headers.daily != Some(0)) else {
            return;
        };
        let daily = headers.daily.unwrap_or(remaining);
        let reserve = daily / 100 * u64::from(self.quota.day_reserve_percent.min(100));
        let in_flight = u64::try_from(in_flight).unwrap_or(u64::MAX);
        self.learned_at = now;
        self.whole = Some(daily.saturating_sub(reserve));
        self.left = Some(remaining.saturating_sub(reserve).saturating_sub(in_flight));
    }

    /// The calls of this worker in the last 24 hours.
    fn sent(&self, now: Duration) -> u64 {
        let hour = hour_of(now);
        let recent = self.hourly.iter().filter(|(of, _)| of + HOURS_PER_DAY > hour);
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
    fn each_hour_is_one_number_and_hours_of_a_day_ago_are_forgotten() {
        let mut day = DailyBudget::new(QuotaSettings::default());
        for hour in 0..100 {
            for _ in 0..10 {
                day.record_call(HOUR * hour);
            }
        }
        assert_eq!(day.hourly.len(), 24);
        assert_eq!(day.sent(HOUR * 99), 240);
    }
}
