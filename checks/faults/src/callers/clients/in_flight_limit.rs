//! Limits the changes of one user that are in flight at the same time.
//!
//! The user service remembers the last eight idempotency keys of a user. Within that limit, a repeat is answered with the
//! version of the first request, so that the harness learns the version of every change.

use std::collections::BTreeSet;

use tokio::sync::watch;

/// How many later changes may start before a change is answered. Between a change and its repeat there are then at most
/// this many earlier and this many later changes, which is less than the number of remembered keys.
const MAX_STARTED_AFTER: u64 = 3;

/// The limit of one user.
#[derive(Debug)]
pub(super) struct InFlightLimit {
    in_flight: watch::Sender<InFlight>,
}

#[derive(Debug, Default)]
struct InFlight {
    next: u64,
    unanswered: BTreeSet<u64>,
}

/// A change in flight. Dropping this means that it was answered.
#[derive(Debug)]
pub(super) struct InFlightChange<'a> {
    limit: &'a InFlightLimit,
    number: u64,
}

impl Default for InFlightLimit {
    fn default() -> Self {
        Self {
            in_flight: watch::Sender::new(InFlight::default()),
        }
    }
}

impl InFlightLimit {
    /// Waits until another change may start.
    pub(super) async fn acquire(&self) -> InFlightChange<'_> {
        let mut watched = self.in_flight.subscribe();
        loop {
            if let Some(number) = self.try_acquire() {
                return InFlightChange { limit: self, number };
            }
            // This cannot fail, because `self` owns the sender.
            let _ = watched.changed().await;
        }
    }

    fn try_acquire(&self) -> Option<u64> {
        let mut number = None;
        self.in_flight.send_if_modified(|in_flight| {
            let oldest = in_flight.unanswered.first().copied().unwrap_or(in_flight.next);
            if in_flight.next - oldest > MAX_STARTED_AFTER {
                return false;
            }
            number = Some(in_flight.next);
            in_flight.unanswered.insert(in_flight.next);
            in_flight.next += 1;
            false
        });
        number
    }
}

impl Drop for InFlightChange<'_> {
    fn drop(&mut self) {
        self.limit.in_flight.send_modify(|in_flight| {
            in_flight.unanswered.remove(&self.number);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn changes_wait_for_an_unanswered_earlier_one() {
        let limit = InFlightLimit::default();
        let oldest = limit.acquire().await;
        for _ in 0..MAX_STARTED_AFTER {
            drop(limit.acquire().await);
        }
        let waits = tokio::time::timeout(Duration::from_secs(1), limit.acquire());
        assert!(waits.await.is_err());
        let (next, ()) = tokio::join!(limit.acquire(), async { drop(oldest) });
        assert_eq!(next.number, MAX_STARTED_AFTER + 1);
    }
}
