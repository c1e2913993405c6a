//! The right to deliver: asked for every second, held for as long as the last answer allows.

use std::time::Duration;

use contracts::{LeaseAction, LeaseAnswer};

use super::UserServiceError;

/// How often the lease is asked for.
const EVERY: Duration = Duration::from_secs(1);
/// How often, while the links belong to another account.
const EVERY_OTHER_ACCOUNT: Duration = Duration::from_secs(10);

/// How long a worker that stepped aside leaves the lease to others.
const ASIDE: Duration = Duration::from_secs(5);

/// What an answer changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// A new epoch began.
    Gained(u64),
    /// The lease is another worker's, or nobody's.
    Lost,
}

/// The lease as this worker knows it.
#[derive(Debug, Default)]
pub(crate) struct Lease {
    epoch: Option<u64>,
    /// Sending is allowed before this time: two thirds of the term, counted from before it was asked for.
    valid_until: Duration,
    /// How long an attempt may stay without a verdict, as the last grant said.
    attempt_term: Duration,
    asked_at: Option<Duration>,
    next_ask: Duration,
    may_step_aside: bool,
    remembered: Option<String>,
    released: bool,
    /// Whether an operator has paused delivery, as the last grant said.
    paused: bool,
}

impl Lease {
    /// The epoch, while it is held as far as is known.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.epoch
    }

    /// Whether something may be sent now.
    pub(crate) fn allows(&self, now: Duration) -> bool {
        self.is_valid(now) && !self.paused
    }

    /// Whether it is held beyond doubt, paused or not.
    pub(crate) fn is_valid(&self, now: Duration) -> bool {
        self.epoch.is_some() && now < self.valid_until
    }

    /// How long an attempt may stay without a verdict.
    pub(crate) fn attempt_term(&self) -> Duration {
        self.attempt_term
    }

    /// Whether another worker asks for the lease and may have it.
    pub(crate) fn may_step_aside(&self) -> bool {
        self.may_step_aside
    }

    /// The account the links belong to, where it is another one.
    pub(crate) fn remembered(&self) -> Option<&str> {
        self.remembered.as_deref()
    }

    /// Whether an operator has paused delivery.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether it was given back and no answer came: it may be nobody's, and is not given back again.
    pub(crate) fn is_released(&self) -> bool {
        self.released
    }

    /// When to ask next; none while a question is out.
    pub(crate) fn next_ask(&self) -> Option<Duration> {
        if self.asked_at.is_some() {
            None
        } else {
            Some(self.next_ask)
        }
    }

    pub(crate) fn ask(&mut self, now: Duration) {
        self.asked_at = Some(now);
        self.next_ask = now + EVERY;
    }

    /// Brings the next question forward to now; false while one is out.
    pub(crate) fn hurry(&mut self, now: Duration) -> bool {
        self.next_ask = now;
        self.asked_at.is_none()
    }

    /// Takes the answer to what was asked with `wish`.
    pub(crate) fn answered(
        &mut self,
        now: Duration,
        wish: LeaseAction,
        answer: Result<LeaseAnswer, UserServiceError>,
    ) -> Change {
        let Some(asked_at) = self.asked_at.take() else {
            return Change::None;
        };
        // Without an answer nothing is known to have changed; what may be sent runs out by itself.
        let Ok(answer) = answer else {
            self.released |= wish == LeaseAction::Release;
            return Change::None;
        };
        self.remembered = None;
        match answer {
            LeaseAnswer::Granted {
                epoch,
                ttl_ms,
                attempt_term_ms,
                may_yield: may_step_aside,
                paused,
            } => {
                self.released = false;
                self.paused = paused;
                self.attempt_term = Duration::from_millis(attempt_term_ms);
                self.valid_until = asked_at + Duration::from_millis(ttl_ms) * 2 / 3;
                self.may_step_aside = may_step_aside;
                let known = self.epoch.replace(epoch) == Some(epoch);
                if known {
                    Change::None
                } else {
                    Change::Gained(epoch)
                }
            }
            LeaseAnswer::Held { left_ms } => {
                self.next_ask = now + Duration::from_millis(left_ms.max(10)).min(EVERY);
                self.lose()
            }
            LeaseAnswer::Released => {
                self.next_ask = now + if wish == LeaseAction::Yield { ASIDE } else { EVERY };
                self.lose()
            }
            LeaseAnswer::OtherAccount { remembered } => {
                self.remembered = Some(remembered);
                self.next_ask = now + EVERY_OTHER_ACCOUNT;
                self.lose()
            }
        }
    }

    /// The lease is known to be lost.
    pub(crate) fn lose(&mut self) -> Change {
        self.may_step_aside = false;
        self.paused = false;
        self.valid_until = Duration::ZERO;
        if self.epoch.take().is_some() {
            Change::Lost
        } else {
            Change::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
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
    fn sending_is_allowed_for_two_thirds_of_the_term_counted_from_before_it_was_asked_for() {
        let mut lease = Lease::default();
        lease.ask(ms(1_000));
        assert_eq!(
            lease.answered(ms(1_900), LeaseAction::Hold, Ok(granted(4))),
            Change::Gained(4)
        );
        assert!(lease.allows(ms(2_999)));
        assert!(!lease.allows(ms(3_000)));
        assert_eq!(lease.epoch(), Some(4));
    }

    #[test]
    fn a_lost_answer_changes_nothing_but_what_may_be_sent_runs_out() {
        let mut lease = Lease::default();
        lease.ask(ms(0));
        lease.answered(ms(1), LeaseAction::Hold, Ok(granted(4)));
        lease.ask(ms(1_000));
        assert_eq!(
            lease.answered(ms(1_900), LeaseAction::Hold, Err(UserServiceError::NoResponse)),
            Change::None
        );
        assert!(lease.allows(ms(1_999)) && !lease.allows(ms(2_000)));
        lease.ask(ms(2_000));
        assert_eq!(
            lease.answered(ms(2_100), LeaseAction::Hold, Ok(granted(4))),
            Change::None
        );
        assert!(lease.allows(ms(3_999)));
    }

    #[test]
    fn a_refused_asker_asks_again_when_the_lease_may_be_free_but_within_a_second() {
        let mut lease = Lease::default();
        for (left_ms, next) in [(300, 300), (2_500, 1_000)] {
            lease.ask(ms(0));
            lease.answered(ms(0), LeaseAction::Hold, Ok(LeaseAnswer::Held { left_ms }));
            assert_eq!(lease.next_ask(), Some(ms(next)));
        }
    }

    #[test]
    fn what_was_left_to_others_is_asked_for_later_than_what_was_released() {
        for (wish, next) in [(LeaseAction::Yield, 5_000), (LeaseAction::Release, 1_000)] {
            let mut lease = Lease::default();
            lease.ask(ms(0));
            lease.answered(ms(10), wish, Ok(LeaseAnswer::Released));
            assert_eq!(lease.next_ask(), Some(ms(10 + next)));
        }
    }

    #[test]
    fn a_lease_of_another_worker_or_account_is_lost_at_once() {
        for answer in [
            LeaseAnswer::Held { left_ms: 5 },
            LeaseAnswer::OtherAccount {
                remembered: "7".into(),
            },
        ] {
            let mut lease = Lease::default();
            lease.ask(ms(0));
            lease.answered(ms(1), LeaseAction::Hold, Ok(granted(4)));
            lease.ask(ms(1_000));
            assert_eq!(
                lease.answered(ms(1_001), LeaseAction::Hold, Ok(answer)),
                Change::Lost
            );
            assert!(!lease.allows(ms(1_001)));
        }
    }
}
