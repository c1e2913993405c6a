//! The outermost layer: gives each request its id, turns errors into documents and logs each failure once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

use crate::problem::{ApiError, into_document};
use crate::request::{REQUEST_ID, RequestContext};

/// Refusals come in floods while something is down; one line a second is enough to see it.
const PACE: Duration = Duration::from_secs(1);

/// Writes failures to the log.
#[derive(Debug)]
pub(crate) struct FailureLog {
    start: Instant,
    /// Milliseconds after `start` from which the next refusal is written.
    next_refusal_ms: AtomicU64,
}

impl Default for FailureLog {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            next_refusal_ms: AtomicU64::new(0),
        }
    }
}

/// See the module.
pub(crate) async fn finish(State(log): State<Arc<FailureLog>>, mut request: Request, next: Next) -> Response {
    let context = RequestContext::read(request.headers());
    let started = Instant::now();
    let method = request.method().clone();
    // The pattern only: a mistyped path may hold an address.
    let path = request.extensions().get::<MatchedPath>().cloned();
    let path = path.as_ref().map_or("unknown", MatchedPath::as_str);
    request.extensions_mut().insert(context.clone());

    let mut response = next.run(request).await;

    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        log.write(&error, &context.request_id);
        into_document(&error, &context.request_id, &mut response);
    }
    response.headers_mut().insert(REQUEST_ID, context.header_value());
    tracing::debug!(
        request.id = &*context.request_id,
        %method,
        path,
        status = response.status().as_u16(),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

impl FailureLog {
    /// The callers' mistakes are theirs; ours are written.
    fn write(&self, error: &ApiError, request_id: &str) {
        let problem = error.kind().slug;
        let cause = error.cause().unwrap_or("none");
        match error {
            ApiError::Internal { .. } | ApiError::BadAnswer { .. } => {
                tracing::error!(
                    request.id = request_id,
                    problem,
                    cause,
                    "a request failed: {error}"
                );
            }
            ApiError::OutcomeUnknown { .. } | ApiError::NoAnswer { .. } => {
                tracing::warn!(
                    request.id = request_id,
                    problem,
                    cause,
                    "a request failed: {error}"
                );
            }
            ApiError::Overloaded | ApiError::Unavailable { .. } | ApiError::Expired
                if self.refusal_is_due() =>
            {
                tracing::warn!(
                    request.id = request_id,
                    problem,
                    cause,
                    "requests are refused: {error}"
                );
            }
            _ => {}
        }
    }

    fn refusal_is_due(&self) -> bool {
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let now = milliseconds(self.start.elapsed());
        let due = self.next_refusal_ms.load(Ordering::Relaxed);
        let next = now.saturating_add(milliseconds(PACE));
        now >= due
            && self
                .next_refusal_ms
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn refusals_are_written_once_a_second() {
        let log = FailureLog::default();
        assert!(log.refusal_is_due());
        assert!(!log.refusal_is_due());
        tokio::time::advance(PACE).await;
        assert!(log.refusal_is_due());
    }
}
