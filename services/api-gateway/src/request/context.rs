//! What a request carries with it to the last service: its id and its trace.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};

/// An id longer than this is not somebody's id.
const MOST_ID_CHARS: usize = 128;
/// W3C trace context: version 00 has 55 characters; later versions may have more.
const MOST_TRACE_CHARS: usize = 256;

/// The header of a request's id, in both directions.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// Passed along with every call.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    /// The caller's `X-Request-Id`, or ours.
    pub(crate) request_id: Arc<str>,
    /// The caller's `traceparent`, as it came.
    pub(crate) traceparent: Option<Arc<str>>,
}

impl RequestContext {
    /// Takes what the caller sent, where it is harmless to log and to pass on.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let request_id = visible(headers, REQUEST_ID, MOST_ID_CHARS);
        Self {
            request_id: request_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string().into()),
            traceparent: visible(headers, contracts::headers::TRACEPARENT, MOST_TRACE_CHARS),
        }
    }

    /// The id as a header of the answer.
    pub(crate) fn header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.request_id).expect("an id of visible ASCII is a header value")
    }
}

fn visible(headers: &HeaderMap, name: &str, most_chars: usize) -> Option<Arc<str>> {
    let text = headers.get(name)?.to_str().ok()?;
    let is_fine = (1..=most_chars).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_fine.then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(id: &str) -> RequestContext {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, id.parse().expect("a header value"));
        RequestContext::read(&headers)
    }

    #[test]
    fn a_harmless_id_is_kept_and_any_other_replaced() {
        assert_eq!(&*context("abc-1").request_id, "abc-1");
        for id in ["", "a b", &"x".repeat(129)] {
            let made = context(id).request_id;
            assert!(&*made != id && made.len() == 36, "{made}");
        }
    }
}
