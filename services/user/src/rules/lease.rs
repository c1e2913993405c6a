//! The lease: which worker may deliver.

use contracts::{
    ChangeLease, DeliveryAction, DeliveryControl, LeaseAnswer, TokenState, delivery::LeaseAction,
};

use super::{RuleTiming, UnixMs, timing::is_due, version_floor::next_number};

/// The lease. There is one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lease {
    /// The worker that holds it; none before the first one and after a release.
    pub holder: Option<String>,
    /// Grows with each new holder; 0 before the first.
    pub epoch: u64,
    /// When it ends unless it is renewed. No other worker gets it before.
    pub expires_at: UnixMs,
    /// When another worker last asked for it while it was held.
    pub requested_at: Option<UnixMs>,
    /// When a holder last yielded it.
    pub yielded_at: Option<UnixMs>,
    /// When the holder last said that HubSpot refuses its token; none if it said otherwise since.
    pub token_refused_at: Option<UnixMs>,
    /// When a worker last asked for it, while it was held, whose token HubSpot accepts for the same account.
    pub accepted_request_at: Option<UnixMs>,
    /// The HubSpot account that links belong to.
    pub account_id: Option<String>,
    /// When an operator paused delivery; none while it is not paused.
    pub paused_since: Option<UnixMs>,
    /// Versions, attempts and epochs that are handed out from now on are above this number; 0 if no commits were ever lost.
    pub version_floor: u64,
    /// The fingerprint of the database when a writing connection last compared it; none where it has none.
    pub fingerprint: Option<String>,
}

/// Gives, renews or takes back the lease. `has_links` says whether any user is linked to a contact.
pub fn change_lease(
    lease: &mut Lease,
    change: &ChangeLease,
    has_links: bool,
    now: UnixMs,
    timing: &RuleTiming,
) -> LeaseAnswer {
    let is_holder = lease.holder.as_deref() == Some(change.holder.as_str());
    match change.action {
        LeaseAction::Hold => hold(lease, change, is_holder, has_links, now, timing),
        LeaseAction::Release | LeaseAction::Yield if !is_holder => LeaseAnswer::Released,
        LeaseAction::Release => release(lease, now),
        LeaseAction::Yield => {
            lease.yielded_at = Some(now);
            release(lease, now)
        }
    }
}

fn hold(
    lease: &mut Lease,
    change: &ChangeLease,
    is_holder: bool,
    has_links: bool,
    now: UnixMs,
    timing: &RuleTiming,
) -> LeaseAnswer {
    match &lease.account_id {
        Some(remembered) if *remembered != change.account_id && has_links => {
            return LeaseAnswer::OtherAccount {
                remembered: remembered.clone(),
            };
        }
        _ => {}
    }
    if !is_holder {
        let is_accepted = change.token == TokenState::Accepted
            && lease
                .account_id
                .as_ref()
                .is_none_or(|account| *account == change.account_id);
        if !is_due(lease.expires_at, now, timing.lease) {
            lease.requested_at = Some(now);
            if is_accepted {
                lease.accepted_request_at = Some(now);
            }
            return held(lease, lease.expires_at, now, timing);
        }
        if let Some(until) = reserved_until(lease, now, timing).filter(|_| !is_accepted) {
            return held(lease, until, now, timing);
        }
        lease.holder = Some(change.holder.clone());
        lease.epoch = next_number(lease.epoch, lease.version_floor);
        lease.requested_at = None;
        lease.accepted_request_at = None;
    }
    lease.token_refused_at = (change.token == TokenState::Refused).then_some(now);
    lease.account_id = Some(change.account_id.clone());
    lease.expires_at = now + timing.lease;
    LeaseAnswer::Granted {
        epoch: lease.epoch,
        ttl_ms: u64::try_from(timing.lease).unwrap_or(0),
        attempt_term_ms: u64::try_from(timing.attempt).unwrap_or(0),
        may_yield: may_yield(lease, change.token, now, timing),
        paused: lease.paused_since.is_some(),
    }
}

/// Pauses or resumes delivery, and returns whether it is paused.
pub fn control_delivery(lease: &mut Lease, action: DeliveryAction, now: UnixMs) -> DeliveryControl {
    match action {
        DeliveryAction::Read => {}
        DeliveryAction::Pause => lease.paused_since = lease.paused_since.or(Some(now)),
        DeliveryAction::Resume => lease.paused_since = None,
    }
    DeliveryControl {
        paused: lease.paused_since.is_some(),
        paused_since: lease.paused_since.map(crate::time::rfc3339),
    }
}

fn held(lease: &Lease, until: UnixMs, now: UnixMs, timing: &RuleTiming) -> LeaseAnswer {
    LeaseAnswer::Held {
        left_ms: u64::try_from(until - now).unwrap_or(0),
        holder_refused: lease
            .token_refused_at
            .is_some_and(|at| is_recent(at, now, timing)),
    }
}

/// A holder whose token HubSpot refuses has yielded the lease to a worker whose token it accepts. Until then no other worker
/// gets it, whose token may be refused as well.
fn reserved_until(lease: &Lease, now: UnixMs, timing: &RuleTiming) -> Option<UnixMs> {
    let yielded_at = lease
        .yielded_at
        .filter(|_| lease.holder.is_none() && lease.token_refused_at.is_some())?;
    let is_wanted = lease
        .accepted_request_at
        .is_some_and(|at| is_recent(at, yielded_at, timing));
    let until = yielded_at + timing.lease;
    (is_wanted && !is_due(until, now, timing.lease)).then_some(until)
}

fn is_recent(at: UnixMs, now: UnixMs, timing: &RuleTiming) -> bool {
    now - at <= timing.lease
}

fn may_yield(lease: &Lease, token: TokenState, now: UnixMs, timing: &RuleTiming) -> bool {
    let request = match token {
        TokenState::Refused => lease.accepted_request_at,
        TokenState::Accepted | TokenState::Unknown => lease.requested_at,
    };
    let is_wanted = request.is_some_and(|at| is_recent(at, now, timing));
    let has_yielded = lease
        .yielded_at
        .is_some_and(|at| !is_due(at + timing.yield_lease, now, timing.yield_lease));
    is_wanted && !has_yielded
}

fn release(lease: &mut Lease, now: UnixMs) -> LeaseAnswer {
    lease.holder = None;
    lease.expires_at = now;
    LeaseAnswer::Released
}
