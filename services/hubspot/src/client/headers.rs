//! Reads the headers of a response: rate limits, the time to wait, the correlation id.

use std::{str::FromStr, time::Duration};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::engine::RateLimitHeaders;

pub(super) fn limits(headers: &HeaderMap) -> RateLimitHeaders {
    RateLimitHeaders {
        max: number(headers, "x-hubspot-ratelimit-max"),
        remaining: number(headers, "x-hubspot-ratelimit-remaining"),
        interval: number(headers, "x-hubspot-ratelimit-interval-milliseconds").map(Duration::from_millis),
        daily: number(headers, "x-hubspot-ratelimit-daily"),
        daily_remaining: number(headers, "x-hubspot-ratelimit-daily-remaining"),
    }
}

/// The time to wait. HubSpot seldom sends this header, and never with a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    number(headers, RETRY_AFTER.as_str()).map(Duration::from_secs)
}

pub(super) fn correlation_id(headers: &HeaderMap) -> Option<String> {
    headers
        .get("x-hubspot-correlation-id")?
        .to_str()
        .ok()
        .map(str::to_owned)
}

fn number<T: FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
