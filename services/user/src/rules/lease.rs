//! The lease: which worker may deliver.

use contracts::{ChangeLease, DeliveryAction, DeliveryControl, LeaseAnswer, delivery::LeaseAction};

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
        if !is_due(lease.expires_at, now, timing.lease) {
            lease.requested_at = Some(now);
            return LeaseAnswer::Held {
                left_ms: u64::try_from(lease.expires_at - now).unwrap_or(0),
            };
        }
        lease.holder = Some(change.holder.clone());
        lease.epoch = next_number(lease.epoch, lease.version_floor);
        lease.requested_at = None;
    }
    lease.account_id = Some(change.account_id.clone());
    lease.expires_at = now + timing.lease;
    LeaseAnswer::Granted {
        epoch: lease.epoch,
        ttl_ms: u64::try_from(timing.lease).unwrap_or(0),
        attempt_term_ms: u64::try_from(timing.attempt).unwrap_or(0),
        may_yield: may_yield(lease, now, timing),
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

fn may_yield(lease: &Lease, now: UnixMs, timing: &RuleTiming) -> bool {
    let is_wanted = lease.requested_at.is_some_and(|at| now - at <= timing.lease);
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
