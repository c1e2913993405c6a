//! Calls a service: sends a request with its headers and returns the answer or the error.

use std::time::Duration;

use async_nats::{HeaderMap, HeaderValue};
use bytes::Bytes;
use contracts::{Request, RequestContext, ServiceError, headers};

use super::{Nats, clocks::now_unix_ms, object::from_object, request::RequestError};

/// The call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The service rejected the request.
    #[error("subject {subject:?}: {error}")]
    Rejected {
        /// The subject of the request.
        subject: &'static str,
        /// The error of the service.
        error: ServiceError,
    },
    /// No service received the request, so nothing was done.
    #[error("{0}")]
    NotReceived(String),
    /// No answer came in time. The request may have been carried out, or may still be.
    #[error("{0}")]
    NoAnswer(String),
    /// The answer cannot be read. The request may have been carried out.
    #[error("{0}")]
    Unreadable(String),
}

impl Nats {
    /// Sends a request and waits for its answer, at most for `limit`. The service does not begin to handle it after that.
    ///
    /// `context` is the HTTP request that it belongs to, if there is one.
    pub async fn call<R: Request>(
        &self,
        request: &R,
        limit: Duration,
        context: Option<&RequestContext>,
    ) -> Result<R::Answer, CallError> {
        let payload = Bytes::from(serde_json::to_vec(request).expect("contracts have text keys"));
        let asked_ms = now_unix_ms();
        let answer = self
            .request(R::SUBJECT, self.call_headers(limit, context), payload, limit)
            .await
            .map_err(|error| call_error(R::SUBJECT, &error))?;
        let answered_at = header(answer.headers.as_ref(), headers::NOW_UNIX_MS);
        if let Some(theirs_ms) = answered_at.and_then(|value| value.parse().ok()) {
            self.clocks()
                .observe(R::SUBJECT, asked_ms, theirs_ms, now_unix_ms());
        }
        from_object(&answer.payload).map_err(|error| {
            // The parser's message may quote the answer, which contains personal data, so only the position is kept.
            let (line, column) = (error.line(), error.column());
            CallError::Unreadable(format!(
                "the answer of subject {:?} does not fit its contract at line {line}, column {column}",
                R::SUBJECT
            ))
        })
    }

    fn call_headers(&self, limit: Duration, context: Option<&RequestContext>) -> HeaderMap {
        let left_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let mut map = HeaderMap::new();
        map.insert(headers::TIME_LEFT_MS, left_ms.to_string());
        map.insert(headers::SENT, self.clocks().stamp());
        if let Some(context) = context {
            map.insert(headers::REQUEST_ID, &*context.request_id);
            if let Some(traceparent) = &context.traceparent {
                map.insert(headers::TRACEPARENT, &**traceparent);
            }
        }
        map
    }
}

/// The value of a header, if there are headers and this one is among them.
pub(super) fn header<'a>(headers: Option<&'a HeaderMap>, name: &str) -> Option<&'a str> {
    headers?.get(name).map(HeaderValue::as_str)
}

fn call_error(subject: &'static str, error: &RequestError) -> CallError {
    match error {
        RequestError::Disconnected | RequestError::NoResponders { .. } | RequestError::Forbidden { .. } => {
            CallError::NotReceived(error.to_string())
        }
        RequestError::TimedOut { .. } | RequestError::Other { .. } => CallError::NoAnswer(error.to_string()),
        RequestError::Service { code, body, .. } => match serde_json::from_slice(body) {
            Ok(error) => CallError::Rejected { subject, error },
            Err(_) => CallError::Unreadable(format!("subject {subject:?} answered an unknown error, {code}")),
        },
    }
}
