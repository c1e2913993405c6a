//! One try of one call.

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use contracts::headers::{NOW_UNIX_MS, REQUEST_ID, SENT, TIME_LEFT_MS, TRACEPARENT};
use runtime::nats::Nats;
use serde::de::DeserializeOwned;

use super::clock::{ClockDifference, SendingClock, now_unix_ms};
use super::errors::{CallError, unreadable};
use crate::request::RequestContext;

/// What is asked, and with what.
pub(super) struct Call<'a> {
    pub(super) nats: &'a Nats,
    pub(super) subject: &'static str,
    pub(super) payload: Bytes,
    pub(super) context: &'a RequestContext,
    pub(super) clock: &'a ClockDifference,
    pub(super) sending_clock: &'a SendingClock,
}

impl Call<'_> {
    /// Sends the request and waits for its answer for `limit`; past it, the request is not to be worked on.
    pub(super) async fn send<A: DeserializeOwned>(&self, limit: Duration) -> Result<A, CallError> {
        let asked_ms = now_unix_ms();
        let headers = self.headers(limit);
        let answer = self
            .nats
            .request(self.subject, headers, self.payload.clone(), limit)
            .await?;
        let theirs = answer
            .headers
            .as_ref()
            .and_then(|headers| headers.get(NOW_UNIX_MS));
        if let Some(theirs_ms) = theirs.and_then(|value| value.as_str().parse().ok()) {
            self.clock.observe(asked_ms, theirs_ms, now_unix_ms());
        }
        serde_json::from_slice(&answer.payload).map_err(|error| unreadable(self.subject, &error))
    }

    fn headers(&self, limit: Duration) -> HeaderMap {
        let left_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let mut headers = HeaderMap::new();
        headers.insert(TIME_LEFT_MS, left_ms.to_string());
        headers.insert(SENT, self.sending_clock.stamp());
        headers.insert(REQUEST_ID, &*self.context.request_id);
        if let Some(traceparent) = &self.context.traceparent {
            headers.insert(TRACEPARENT, &**traceparent);
        }
        headers
    }
}
