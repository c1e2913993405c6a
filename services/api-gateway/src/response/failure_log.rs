//! Logs failed requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::ApiError;

/// The interval between two log lines about requests that were turned away. While something is down there are many of them,
/// and one line a second is enough to notice it.
const INTERVAL: Duration = Duration::from_secs(1);

/// Logs each failure once, except that rejections under overload are logged at intervals.
#[derive(Debug)]
pub(super) struct FailureLog {
    start: Instant,
    /// The time in milliseconds after `start` at which the next request that was turned away is logged.
    next_line_ms: AtomicU64,
}

impl Default for FailureLog {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            next_line_ms: AtomicU64::new(0),
        }
    }
}

impl FailureLog {
    /// Logs failures of hubsync. Mistakes of callers are not logged.
    pub(super) fn write(&self, error: &ApiError, request_id: &str) {
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
            ApiError::Overloaded
            | ApiError::Unavailable { .. }
            | ApiError::FieldsUnknown
            | ApiError::Expired
                if self.is_due() =>
            {
                tracing::warn!(
                    request.id = request_id,
                    problem,
                    cause,
                    "requests are turned away: {error}"
                );
            }
            _ => {}
        }
    }

    /// Whether the next line may be written now. Of several threads that ask at the same time, one gets true.
    fn is_due(&self) -> bool {
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let now = milliseconds(self.start.elapsed());
        let due = self.next_line_ms.load(Ordering::Relaxed);
        let next = now.saturating_add(milliseconds(INTERVAL));
        now >= due
            && self
                .next_line_ms
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_turned_away_are_logged_once_a_second() {
        let log = FailureLog::default();
        assert!(log.is_due());
        assert!(!log.is_due());
        tokio::time::advance(INTERVAL).await;
        assert!(log.is_due());
    }
}
