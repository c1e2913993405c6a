//! The lease as this worker knows it: requested every second, valid for as long as the last grant allows.

use std::time::Duration;

use contracts::{LeaseAnswer, delivery::LeaseAction};

use crate::engine::UserServiceError;

/// The lease is requested this often.
const REQUEST_INTERVAL: Duration = Duration::from_secs(1);
/// While the users are linked to another account, the lease is requested this often.
const OTHER_ACCOUNT_INTERVAL: Duration = Duration::from_secs(10);
/// A worker that yielded the lease leaves it to the others for this long.
const YIELD_PAUSE: Duration = Duration::from_secs(5);

/// What a response changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeaseChange {
    /// The lease is held, or not held, as before.
    None,
    /// The lease was gained under this new epoch.
    Gained(u64),
    /// Another worker holds the lease, or nobody does.
    Lost,
}

/// The lease.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that an answer said, and they change independently"
)]
pub(crate) struct Lease {
    epoch: Option<u64>,
    /// The lease counts as held before this time. That is two thirds of its term, counted from before it was requested,
    /// so that this worker stops well before the user service grants the lease to another one.
    valid_until: Duration,
    attempt_term: Duration,
    /// When the request in flight was sent.
    requested_at: Option<Duration>,
    next_request_at: Duration,
    /// Whether another worker asks for the lease and may have it.
    may_yield: bool,
    other_account: Option<String>,
    /// Whether HubSpot refuses the token of the worker that holds the lease.
    is_holder_refused: bool,
    /// Whether a release was sent and its response lost.
    was_release_sent: bool,
    is_paused: bool,
}

impl Lease {
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.epoch
    }

    pub(crate) fn is_valid(&self, now: Duration) -> bool {
        self.epoch.is_some() && now < self.valid_until
    }

    pub(crate) fn attempt_term(&self) -> Duration {
        self.attempt_term
    }

    pub(crate) fn may_yield(&self) -> bool {
        self.may_yield
    }

    pub(crate) fn other_account(&self) -> Option<&str> {
        self.other_account.as_deref()
    }

    pub(crate) fn is_holder_refused(&self) -> bool {
        self.is_holder_refused
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused
    }

    pub(crate) fn was_release_sent(&self) -> bool {
        self.was_release_sent
    }

    /// When to send the next request; `None` while one is in flight.
    pub(crate) fn next_request_at(&self) -> Option<Duration> {
        match self.requested_at {
            Some(_) => None,
            None => Some(self.next_request_at),
        }
    }

    pub(crate) fn record_request(&mut self, now: Duration) {
        self.requested_at = Some(now);
        self.next_request_at = now + REQUEST_INTERVAL;
    }

    /// Brings the next request forward to now.
    pub(crate) fn request_at_once(&mut self, now: Duration) {
        self.next_request_at = now;
    }

    /// Takes the response to a request for `requested`.
    pub(crate) fn handle_response(
        &mut self,
        now: Duration,
        requested: LeaseAction,
        response: Result<LeaseAnswer, UserServiceError>,
    ) -> LeaseChange {
        let Some(requested_at) = self.requested_at.take() else {
            return LeaseChange::None;
        };
        // Without a response nothing is known to have changed. If the lease was not renewed, `valid_until` ends it.
        let Ok(answer) = response else {
            self.was_release_sent |= requested == LeaseAction::Release;
            return LeaseChange::None;
        };
        self.other_account = None;
        self.is_holder_refused = matches!(
            answer,
            LeaseAnswer::Held {
                holder_refused: true,
                ..
            }
        );
        match answer {
            LeaseAnswer::Granted {
                epoch,
                ttl_ms,
                attempt_term_ms,
                may_yield,
                paused,
            } => {
                self.was_release_sent = false;
                self.is_paused = paused;
                self.attempt_term = Duration::from_millis(attempt_term_ms);
                self.valid_until = requested_at + Duration::from_millis(ttl_ms) * 2 / 3;
                self.may_yield = may_yield;
                if self.epoch.replace(epoch) == Some(epoch) {
                    LeaseChange::None
                } else {
                    LeaseChange::Gained(epoch)
                }
            }
            LeaseAnswer::Held { left_ms, .. } => {
                // The holder may release the lease early, so ask within a second even if its term lasts longer.
                self.next_request_at = now + Duration::from_millis(left_ms.max(10)).min(REQUEST_INTERVAL);
                self.lose()
            }
            LeaseAnswer::Released => {
                self.next_request_at = now
                    + if requested == LeaseAction::Yield {
                        YIELD_PAUSE
                    } else {
                        REQUEST_INTERVAL
                    };
                self.lose()
            }
            LeaseAnswer::OtherAccount { remembered } => {
                self.other_account = Some(remembered);
                self.next_request_at = now + OTHER_ACCOUNT_INTERVAL;
                self.lose()
            }
        }
    }

    /// Notes that the lease is lost.
    pub(crate) fn lose(&mut self) -> LeaseChange {
        self.may_yield = false;
        self.is_paused = false;
        self.valid_until = Duration::ZERO;
        if self.epoch.take().is_some() {
            LeaseChange::Lost
        } else {
            LeaseChange::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn held(left_ms: u64) -> LeaseAnswer {
        LeaseAnswer::Held {
            left_ms,
            holder_refused: false,
        }
    }

    fn granted(epoch: u64) -> LeaseAnswer {
        LeaseAnswer::Granted {
            epoch,
            ttl_ms: 3_000,
            attempt_term_ms: 60_000,
            may_yield: false,
            paused: false,
        }
    }

    #[test]
    fn the_lease_is_valid_for_two_thirds_of_its_term_from_the_request() {
        let mut lease = Lease::default();
        lease.record_request(ms(1_000));
        assert_eq!(
            lease.handle_response(ms(1_900), LeaseAction::Hold, Ok(granted(4))),
            LeaseChange::Gained(4)
        );
        assert!(lease.is_valid(ms(2_999)));
        assert!(!lease.is_valid(ms(3_000)));
        assert_eq!(lease.epoch(), Some(4));
    }

    #[test]
    fn after_a_lost_response_the_lease_runs_out() {
        let mut lease = Lease::default();
        lease.record_request(ms(0));
        lease.handle_response(ms(1), LeaseAction::Hold, Ok(granted(4)));
        lease.record_request(ms(1_000));
        assert_eq!(
            lease.handle_response(ms(1_900), LeaseAction::Hold, Err(UserServiceError::NoResponse)),
            LeaseChange::None
        );
        assert!(lease.is_valid(ms(1_999)) && !lease.is_valid(ms(2_000)));
        lease.record_request(ms(2_000));
        assert_eq!(
            lease.handle_response(ms(2_100), LeaseAction::Hold, Ok(granted(4))),
            LeaseChange::None
        );
        assert!(lease.is_valid(ms(3_999)));
    }

    #[test]
    fn a_held_lease_is_requested_again_when_it_may_be_free_within_a_second() {
        let mut lease = Lease::default();
        for (left_ms, next) in [(300, 300), (2_500, 1_000)] {
            lease.record_request(ms(0));
            lease.handle_response(ms(0), LeaseAction::Hold, Ok(held(left_ms)));
            assert_eq!(lease.next_request_at(), Some(ms(next)));
        }
    }

    #[test]
    fn a_yielded_lease_is_requested_later_than_a_released_one() {
        for (action, next) in [(LeaseAction::Yield, 5_000), (LeaseAction::Release, 1_000)] {
            let mut lease = Lease::default();
            lease.record_request(ms(0));
            lease.handle_response(ms(10), action, Ok(LeaseAnswer::Released));
            assert_eq!(lease.next_request_at(), Some(ms(10 + next)));
        }
    }

    #[test]
    fn a_lease_of_another_worker_or_account_is_lost_at_once() {
        for answer in [
            held(5),
            LeaseAnswer::OtherAccount {
                remembered: "7".into(),
            },
        ] {
            let mut lease = Lease::default();
            lease.record_request(ms(0));
            lease.handle_response(ms(1), LeaseAction::Hold, Ok(granted(4)));
            lease.record_request(ms(1_000));
            assert_eq!(
                lease.handle_response(ms(1_001), LeaseAction::Hold, Ok(answer)),
                LeaseChange::Lost
            );
            assert!(!lease.is_valid(ms(1_001)));
        }
    }
}
