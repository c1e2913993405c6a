//! HubSpot's rate limits. The counters are pure: callers pass the time.
//! <https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines>

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp, ToSpan, Unit, tz::Offset};
use serde::{Deserialize, Serialize};

/// The rate limits of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The maximum number of calls in one window, for static tokens.
    pub burst: usize,
    /// The maximum number of calls in one window, for OAuth tokens.
    pub oauth_burst: usize,
    /// The length of the rolling window in milliseconds; HubSpot's is ten seconds.
    pub window_ms: u64,
    /// The maximum number of calls in one day of the account, for static tokens. OAuth tokens have no daily limit.
    pub daily: u64,
    /// The maximum number of searches per second.
    pub search_per_second: usize,
    /// The maximum number of calls of the token endpoint per second.
    pub token_per_second: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            burst: 190,
            oauth_burst: 110,
            window_ms: 10_000,
            daily: 625_000,
            search_per_second: 5,
            token_per_second: 10,
        }
    }
}

impl Limits {
    /// The maximum number of calls in one window, for this kind of token.
    pub(crate) fn burst_of(&self, credential: Credential) -> usize {
        match credential {
            Credential::Static => self.burst,
            Credential::OAuth => self.oauth_burst,
        }
    }

    fn window(&self) -> Duration {
        Duration::from_millis(self.window_ms)
    }
}

/// One of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Burst,
    Daily,
    Search,
    Token,
}

/// The limit that a call exceeds, and how long until it admits a call again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LimitExceeded {
    pub(crate) policy: Policy,
    pub(crate) retry_after: Duration,
}

/// The kind of a token. Each kind has its own window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    Static,
    OAuth,
}

/// The remaining calls, for the headers and the overview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Remaining {
    pub(crate) burst: usize,
    pub(crate) daily: u64,
}

/// Counts calls and denies those beyond a limit.
#[derive(Debug)]
pub(crate) struct CallLimiter {
    pub(crate) limits: Limits,
    utc_offset: Offset,
    burst: Window,
    oauth_burst: Window,
    search: Window,
    token: Window,
    day: Option<Timestamp>,
    used_today: u64,
}

impl CallLimiter {
    pub(crate) fn new(limits: Limits, utc_offset: Offset) -> Self {
        let [burst, oauth_burst, search, token] = std::array::from_fn(|_| Window::default());
        Self {
            limits,
            utc_offset,
            burst,
            oauth_burst,
            search,
            token,
            day: None,
            used_today: 0,
        }
    }

    /// Counts a call, or says which limit it exceeds. Denied calls are not counted.
    pub(crate) fn admit(
        &mut self,
        credential: Credential,
        is_search: bool,
        now: Timestamp,
    ) -> Result<(), LimitExceeded> {
        self.start_day(now);
        if credential == Credential::Static && self.used_today >= self.limits.daily {
            return Err(LimitExceeded {
                policy: Policy::Daily,
                retry_after: self.until_midnight(now),
            });
        }
        let second = Duration::from_secs(1);
        if is_search {
            // Searches do not count in the ten-second window.
            self.search
                .admit(self.limits.search_per_second, second, Policy::Search, now)?;
        } else {
            let (max, length) = (self.limits.burst_of(credential), self.limits.window());
            self.burst_window(credential)
                .admit(max, length, Policy::Burst, now)?;
        }
        self.used_today += u64::from(credential == Credential::Static);
        Ok(())
    }

    /// Counts a call of the token endpoint.
    pub(crate) fn admit_token_call(&mut self, now: Timestamp) -> Result<(), LimitExceeded> {
        self.token.admit(
            self.limits.token_per_second,
            Duration::from_secs(1),
            Policy::Token,
            now,
        )
    }

    /// The remaining calls for this kind of token.
    pub(crate) fn remaining(&mut self, credential: Credential, now: Timestamp) -> Remaining {
        self.start_day(now);
        let (max, length) = (self.limits.burst_of(credential), self.limits.window());
        Remaining {
            burst: max.saturating_sub(self.burst_window(credential).used(length, now)),
            daily: self.limits.daily.saturating_sub(self.used_today),
        }
    }

    fn burst_window(&mut self, credential: Credential) -> &mut Window {
        match credential {
            Credential::Static => &mut self.burst,
            Credential::OAuth => &mut self.oauth_burst,
        }
    }

    /// Resets the daily counter at the midnight of the account.
    fn start_day(&mut self, now: Timestamp) {
        let day = self.midnight_before(now);
        if self.day != Some(day) {
            self.day = Some(day);
            self.used_today = 0;
        }
    }

    fn midnight_before(&self, now: Timestamp) -> Timestamp {
        let local_midnight = self
            .utc_offset
            .to_datetime(now)
            .date()
            .to_datetime(jiff::civil::Time::midnight());
        self.utc_offset.to_timestamp(local_midnight).unwrap_or(now)
    }

    fn until_midnight(&self, now: Timestamp) -> Duration {
        let next = self
            .midnight_before(now)
            .saturating_add(24.hours())
            .unwrap_or(now);
        // `Retry-After` is in full seconds, so a second is added to be past midnight.
        let left = now
            .until((Unit::Second, next))
            .map_or(0, |span| span.get_seconds());
        Duration::from_secs(u64::try_from(left).unwrap_or(0) + 1)
    }
}

/// A rolling window: each call counts for the length of the window.
#[derive(Debug, Default)]
struct Window {
    calls: VecDeque<Timestamp>,
}

impl Window {
    fn admit(
        &mut self,
        max: usize,
        length: Duration,
        policy: Policy,
        now: Timestamp,
    ) -> Result<(), LimitExceeded> {
        if self.used(length, now) < max {
            self.calls.push_back(now);
            return Ok(());
        }
        let oldest = self.calls.front().copied().unwrap_or(now);
        let age = Duration::try_from(now.duration_since(oldest)).unwrap_or_default();
        Err(LimitExceeded {
            policy,
            retry_after: length.saturating_sub(age),
        })
    }

    fn used(&mut self, length: Duration, now: Timestamp) -> usize {
        let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
        while self
            .calls
            .front()
            .is_some_and(|call| now.duration_since(*call) >= length)
        {
            self.calls.pop_front();
        }
        self.calls.len()
    }
}

#[cfg(test)]
mod tests;
