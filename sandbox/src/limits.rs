//! HubSpot's rate limits, as counters that are told the time.
//! <https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines>

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp, ToSpan, Unit, tz::Offset};
use serde::{Deserialize, Serialize};

/// How many calls an account may make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Calls of an app with a static token in one window.
    pub burst: usize,
    /// Calls of an app with OAuth in one window.
    pub oauth_burst: usize,
    /// The length of the rolling window; HubSpot's is ten seconds.
    pub window_ms: u64,
    /// Calls of all apps in one day of the account, OAuth apps left out.
    pub daily: u64,
    /// Searches per second.
    pub search_per_second: usize,
    /// Calls of the token endpoint per second.
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

/// Which limit refused a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Burst,
    Daily,
    Search,
    Token,
}

/// A refused call: the limit, and how long until it lets calls through again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) policy: Policy,
    pub(crate) retry_after: Duration,
}

/// The kind of credential; each has its own window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    Static,
    OAuth,
}

/// What is left, for headers and the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Remaining {
    pub(crate) burst: usize,
    pub(crate) daily: u64,
}

/// The counters of all policies.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) limits: Limits,
    utc_offset: Offset,
    burst: Window,
    oauth_burst: Window,
    search: Window,
    token: Window,
    day: Option<Timestamp>,
    used_today: u64,
}

impl Meter {
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

    /// Counts a call, or says which limit refuses it. Refused calls are not counted.
    pub(crate) fn admit(
        &mut self,
        credential: Credential,
        is_search: bool,
        now: Timestamp,
    ) -> Result<(), Exceeded> {
        self.start_day(now);
        if credential == Credential::Static && self.used_today >= self.limits.daily {
            return Err(Exceeded {
                policy: Policy::Daily,
                retry_after: self.until_midnight(now),
            });
        }
        let second = Duration::from_secs(1);
        if is_search {
            // Search has its own limit and is exempt from the ten-second window.
            self.search
                .admit(self.limits.search_per_second, second, Policy::Search, now)?;
        } else {
            let length = Duration::from_millis(self.limits.window_ms);
            let (window, max) = match credential {
                Credential::Static => (&mut self.burst, self.limits.burst),
                Credential::OAuth => (&mut self.oauth_burst, self.limits.oauth_burst),
            };
            window.admit(max, length, Policy::Burst, now)?;
        }
        self.used_today += u64::from(credential == Credential::Static);
        Ok(())
    }

    /// Counts a call of the token endpoint.
    pub(crate) fn admit_token_call(&mut self, now: Timestamp) -> Result<(), Exceeded> {
        self.token.admit(
            self.limits.token_per_second,
            Duration::from_secs(1),
            Policy::Token,
            now,
        )
    }

    /// What is left to callers with this credential.
    pub(crate) fn remaining(&mut self, credential: Credential, now: Timestamp) -> Remaining {
        self.start_day(now);
        let length = Duration::from_millis(self.limits.window_ms);
        let (window, max) = match credential {
            Credential::Static => (&mut self.burst, self.limits.burst),
            Credential::OAuth => (&mut self.oauth_burst, self.limits.oauth_burst),
        };
        Remaining {
            burst: max.saturating_sub(window.used(length, now)),
            daily: self.limits.daily.saturating_sub(self.used_today),
        }
    }

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
        let left = now
            .until((Unit::Second, next))
            .map_or(0, |span| span.get_seconds());
        Duration::from_secs(u64::try_from(left).unwrap_or(0) + 1)
    }
}

/// A window that rolls: each call counts for its whole length and no longer.
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
    ) -> Result<(), Exceeded> {
        if self.used(length, now) < max {
            self.calls.push_back(now);
            return Ok(());
        }
        let oldest = self.calls.front().copied().unwrap_or(now);
        let age = Duration::try_from(now.duration_since(oldest)).unwrap_or_default();
        Err(Exceeded {
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
