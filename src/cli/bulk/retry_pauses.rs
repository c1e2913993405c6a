//! How long a bulk request waits for a gateway that answers 503 with `Retry-After`.

use std::time::Duration;

use tokio::time::Instant;

use super::super::CommandError;

/// How often one request is repeated. A worker takes over from another within three seconds, and the gateway asks for
/// one second at a time.
const MAX_RETRIES: u32 = 10;
/// No retry begins later than this after the first 503. It is long enough for a comparison, which the gateway may give
/// up on only after forty seconds.
const MAX_TOTAL_PAUSE: Duration = Duration::from_mins(1);

/// The retries that one request has left. The time starts at the first 503.
#[derive(Debug, Default)]
pub(super) struct RetryPauses {
    retries: u32,
    until: Option<Instant>,
}

impl RetryPauses {
    /// The pause before the next retry; `None` if a retry would not help or would begin too late.
    pub(super) fn next_pause(&mut self, error: &CommandError) -> Option<Duration> {
        let CommandError::Rejected {
            status: 503,
            retry_after: Some(pause),
            ..
        } = error
        else {
            return None;
        };
        let now = Instant::now();
        let until = *self.until.get_or_insert(now + MAX_TOTAL_PAUSE);
        self.retries += 1;
        let has_time = *pause <= until.saturating_duration_since(now);
        (self.retries <= MAX_RETRIES && has_time).then_some(*pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(status: u16, seconds: Option<u64>) -> CommandError {
        CommandError::Rejected {
            status,
            slug: String::new(),
            detail: String::new(),
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn retries_stop_after_ten_tries_or_one_minute() {
        let mut quick = RetryPauses::default();
        for _ in 0..MAX_RETRIES {
            assert_eq!(
                quick.next_pause(&rejected(503, Some(1))),
                Some(Duration::from_secs(1))
            );
        }
        assert_eq!(quick.next_pause(&rejected(503, Some(1))), None);
        let mut slow = RetryPauses::default();
        assert!(slow.next_pause(&rejected(503, Some(1))).is_some());
        tokio::time::advance(MAX_TOTAL_PAUSE).await;
        assert_eq!(slow.next_pause(&rejected(503, Some(1))), None);
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_503_with_a_short_pause_is_retried() {
        for error in [
            rejected(503, None),
            rejected(503, Some(61)),
            rejected(504, Some(1)),
            rejected(400, Some(1)),
            CommandError::Stopped,
        ] {
            assert_eq!(RetryPauses::default().next_pause(&error), None, "{error:?}");
        }
    }
}
