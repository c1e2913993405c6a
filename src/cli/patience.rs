//! How long a command that has done a part of its work waits for a gateway that says when to come back.

use std::time::Duration;

use tokio::time::Instant;

use super::Failure;

/// The most further tries. A worker takes over from another one within three seconds, and a gateway names one at a time.
const TRIES: u32 = 10;
/// No further try begins later than that; a comparison alone may be refused after forty seconds only.
const LONGEST: Duration = Duration::from_mins(1);

/// What is left of it for one request; it begins with the first refusal.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    tries: u32,
    until: Option<Instant>,
}

impl Patience {
    /// The pause before another try; none where another one is of no use, or too late.
    pub(crate) fn pause(&mut self, failure: &Failure) -> Option<Duration> {
        let Failure::Refused {
            status: 503,
            retry_after: Some(pause),
            ..
        } = failure
        else {
            return None;
        };
        let now = Instant::now();
        let until = *self.until.get_or_insert(now + LONGEST);
        self.tries += 1;
        let has_time = *pause <= until.saturating_duration_since(now);
        (self.tries <= TRIES && has_time).then_some(*pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, seconds: Option<u64>) -> Failure {
        Failure::Refused {
            status,
            kind: String::new(),
            detail: String::new(),
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_gateway_is_waited_for_as_it_says_a_few_times_and_a_minute_at_most() {
        let mut quick = Patience::default();
        for _ in 0..TRIES {
            assert_eq!(quick.pause(&refused(503, Some(1))), Some(Duration::from_secs(1)));
        }
        assert_eq!(quick.pause(&refused(503, Some(1))), None);
        let mut slow = Patience::default();
        assert!(slow.pause(&refused(503, Some(1))).is_some());
        tokio::time::advance(LONGEST).await;
        assert_eq!(slow.pause(&refused(503, Some(1))), None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_no_or_asks_for_too_much_is_not_waited_for() {
        for failure in [
            refused(503, None),
            refused(503, Some(61)),
            refused(504, Some(1)),
            refused(400, Some(1)),
            Failure::Stopped,
        ] {
            assert_eq!(Patience::default().pause(&failure), None, "{failure:?}");
        }
    }
}
