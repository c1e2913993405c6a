//! The outermost layer: gives each request its id, turns errors into documents, logs each failure once and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{counter::Counter, family::Family};
use runtime::Metrics;
use tokio::time::Instant;

use crate::connection::Patience;
use crate::problem::{ApiError, into_document};
use crate::request::{REQUEST_ID, read_context, request_id_header};

/// Refusals come in floods while something is down; one line a second is enough to see it.
const PACE: Duration = Duration::from_secs(1);

/// Writes failures to the log.
#[derive(Debug)]
struct FailureLog {
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

/// What the layer keeps.
#[derive(Debug)]
pub(crate) struct Finish {
    log: FailureLog,
    answered: Family<OfAnswer, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAnswer {
    method: &'static str,
    path: String,
    status: u16,
}

impl Finish {
    /// Shows what it counts among these metrics.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let answered = Family::default();
        metrics.register("http_requests", "Requests that were answered", answered.clone());
        Self {
            log: FailureLog::default(),
            answered,
        }
    }

    fn count(&self, method: &Method, path: &str, status: StatusCode) {
        let answer = OfAnswer {
            method: known_method(method),
            path: path.to_owned(),
            status: status.as_u16(),
        };
        self.answered.get_or_create(&answer).inc();
    }
}

/// Made-up methods must not make metrics of their own.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// See the module.
pub(crate) async fn finish(State(finish): State<Arc<Finish>>, mut request: Request, next: Next) -> Response {
    let context = read_context(request.headers());
    let started = Instant::now();
    let method = request.method().clone();
    // The pattern only: a mistyped path may hold an address.
    let path = request.extensions().get::<MatchedPath>().cloned();
    let path = path.as_ref().map_or("unknown", MatchedPath::as_str);
    request.extensions_mut().insert(context.clone());
    // What an import on the same connection was granted ends with the next request.
    if let Some(patience) = request.extensions().get::<Patience>() {
        patience.reset();
    }

    let mut response = next.run(request).await;

    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        finish.log.write(&error, &context.request_id);
        into_document(&error, &context.request_id, &mut response);
    }
    response
        .headers_mut()
        .insert(REQUEST_ID, request_id_header(&context));
    finish.count(&method, path, response.status());
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
