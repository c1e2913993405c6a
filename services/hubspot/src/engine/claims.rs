//! The claims that are requested and not answered yet. After a new lease they first ask for the attempts that earlier
//! workers left open.
//!
//! Which users to claim is decided by the engine, from the wake-ups and the capacity of dispatch.

use std::{collections::BTreeMap, time::Duration};

use contracts::{ClaimUsers, UserId};

use super::{RequestId, backoff::Backoff};

/// The maximum number of claims in flight.
const MAX_IN_FLIGHT: usize = 2;
/// Nothing is claimed while no call may leave for longer than this: the terms of the attempts would run out waiting.
pub(crate) const AHEAD_OF_CALLS: Duration = Duration::from_secs(1);

/// A claim in flight.
#[derive(Debug)]
pub(crate) struct ClaimInFlight {
    pub(crate) users: Vec<UserId>,
    limit: usize,
    pub(crate) epoch: u64,
    pub(crate) requested_at: Duration,
    /// Whether it also asks for attempts that earlier workers left open.
    takes_over: bool,
}

/// The claims in flight.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    in_flight: BTreeMap<RequestId, ClaimInFlight>,
    /// Whether attempts of earlier epochs may still be open.
    has_left_open: bool,
    backoff: Backoff,
}

impl Claims {
    /// A new epoch began: the attempts that earlier ones left open come first.
    pub(crate) fn begin_epoch(&mut self) {
        *self = Self {
            has_left_open: true,
            ..Self::default()
        };
    }

    /// The lease is lost. Responses to the claims in flight are ignored, because the next holder takes over the attempts
    /// that they open.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// When the pause after a failed claim ends.
    pub(crate) fn paused_until(&self) -> Duration {
        self.backoff.until()
    }

    /// Whether another claim may be sent now.
    pub(crate) fn may_send(&self, now: Duration) -> bool {
        self.backoff.is_over(now) && self.in_flight.len() < MAX_IN_FLIGHT
    }

    /// How many users the claims in flight ask for.
    pub(crate) fn requested(&self) -> usize {
        self.in_flight.values().map(|claim| claim.limit).sum()
    }

    pub(crate) fn has_left_open(&self) -> bool {
        self.has_left_open
    }

    /// Makes a claim of these users, and of attempts left open if it is time for them; `None` if it would be empty.
    pub(crate) fn start(
        &mut self,
        now: Duration,
        request: RequestId,
        users: Vec<UserId>,
        capacity: usize,
        holder: &str,
        epoch: u64,
    ) -> Option<ClaimUsers> {
        // One such claim at a time, for the next one would ask for the same attempts.
        let takes_over = self.has_left_open && !self.in_flight.values().any(|claim| claim.takes_over);
        let limit = if takes_over { capacity } else { users.len() };
        if limit == 0 {
            return None;
        }
        let claim = ClaimUsers {
            holder: holder.to_owned(),
            epoch,
            users: users.clone(),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            fields_revision: None,
        };
        let in_flight = ClaimInFlight {
            users,
            limit,
            epoch,
            requested_at: now,
            takes_over,
        };
        self.in_flight.insert(request, in_flight);
        Some(claim)
    }

    /// A claim was answered; `None` if it belongs to a lease that was lost meanwhile.
    pub(crate) fn take(&mut self, request: RequestId) -> Option<ClaimInFlight> {
        self.in_flight.remove(&request)
    }

    pub(crate) fn record_success(&mut self, claim: &ClaimInFlight, more_left_open: bool) {
        self.backoff.record_success();
        // Only a claim that asked for attempts left open can tell that there are no more.
        self.has_left_open = more_left_open || (self.has_left_open && !claim.takes_over);
    }

    pub(crate) fn record_failure(&mut self, now: Duration) {
        self.backoff.record_failure(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(claims: &mut Claims, request: u64, users: &[&str], capacity: usize) -> Option<ClaimUsers> {
        let users = users.iter().map(|user| user.parse().expect("a valid id"));
        claims.start(
            Duration::ZERO,
            RequestId(request),
            users.collect(),
            capacity,
            "w",
            1,
        )
    }

    #[test]
    fn a_new_epoch_asks_for_attempts_left_open_until_there_are_no_more() {
        let mut claims = Claims::default();
        claims.begin_epoch();
        assert_eq!(start(&mut claims, 1, &[], 50).map(|claim| claim.limit), Some(50));
        assert_eq!(start(&mut claims, 2, &[], 50), None, "one at a time");
        let claim = claims.take(RequestId(1)).expect("it is in flight");
        claims.record_success(&claim, true);
        assert!(start(&mut claims, 3, &[], 50).is_some());
        let claim = claims.take(RequestId(3)).expect("it is in flight");
        claims.record_success(&claim, false);
        assert_eq!(start(&mut claims, 4, &[], 50), None);
    }

    #[test]
    fn a_claim_asks_for_the_users_it_names_and_two_may_be_in_flight() {
        let mut claims = Claims::default();
        for (request, may_send) in [(1, true), (2, true), (3, false)] {
            assert_eq!(claims.may_send(Duration::ZERO), may_send);
            start(&mut claims, request, &["a", "b"], 50);
        }
        assert_eq!(claims.requested(), 6);
    }
}
