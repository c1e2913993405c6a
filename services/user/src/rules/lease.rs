//! Who may deliver.

use contracts::{ChangeLease, DeliveryAction, DeliveryControl, LeaseAnswer, delivery::LeaseAction};

use super::{RuleTiming, UnixMs, terms::has_come};

/// The one lease.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lease {
    /// The worker that holds it; none before the first and after a release.
    pub holder: Option<String>,
    /// Grows with each new holder; 0 before the first.
    pub epoch: u64,
    /// When it ends unless it is renewed.
    pub expires_at: UnixMs,
    /// When another worker was last refused.
    pub asked_at: Option<UnixMs>,
    /// When a holder last stepped aside.
    pub stepped_aside_at: Option<UnixMs>,
    /// The HubSpot account that links belong to.
    pub account_id: Option<String>,
    /// Since when an operator has paused delivery.
    pub paused_since: Option<UnixMs>,
}

/// Answers a worker that asks for the lease. `has_links` says whether any user is linked to a contact.
pub fn change_lease(
    lease: &mut Lease,
    ask: &ChangeLease,
    has_links: bool,
    now: UnixMs,
    terms: &RuleTiming,
) -> LeaseAnswer {
    let is_holder = lease.holder.as_deref() == Some(ask.holder.as_str());
    match ask.action {
        LeaseAction::Hold => hold(lease, ask, is_holder, has_links, now, terms),
        LeaseAction::Release | LeaseAction::Yield if !is_holder => LeaseAnswer::Released,
        LeaseAction::Release => release(lease, now),
        LeaseAction::Yield => {
            lease.stepped_aside_at = Some(now);
            release(lease, now)
        }
    }
}

fn hold(
    lease: &mut Lease,
    ask: &ChangeLease,
    is_holder: bool,
    has_links: bool,
    now: UnixMs,
    terms: &RuleTiming,
) -> LeaseAnswer {
    match &lease.account_id {
        Some(remembered) if *remembered != ask.account_id && has_links => {
            return LeaseAnswer::OtherAccount {
                remembered: remembered.clone(),
            };
        }
        _ => {}
    }
    if !is_holder {
        if lease.holder.is_some() && !has_come(lease.expires_at, now, terms.lease) {
            lease.asked_at = Some(now);
            return LeaseAnswer::Held {
                left_ms: u64::try_from(lease.expires_at - now).unwrap_or(0),
            };
        }
        lease.holder = Some(ask.holder.clone());
        lease.epoch += 1;
        lease.asked_at = None;
    }
    lease.account_id = Some(ask.account_id.clone());
    lease.expires_at = now + terms.lease;
    LeaseAnswer::Granted {
        epoch: lease.epoch,
        ttl_ms: u64::try_from(terms.lease).unwrap_or(0),
        attempt_term_ms: u64::try_from(terms.attempt).unwrap_or(0),
        may_yield: may_step_aside(lease, now, terms),
        paused: lease.paused_since.is_some(),
    }
}

/// Does what an operator wants of the line, and says how it stands.
pub fn control_delivery(lease: &mut Lease, wish: DeliveryAction, now: UnixMs) -> DeliveryControl {
    match wish {
        DeliveryAction::Read => {}
        DeliveryAction::Pause => lease.paused_since = lease.paused_since.or(Some(now)),
        DeliveryAction::Resume => lease.paused_since = None,
    }
    DeliveryControl {
        paused: lease.paused_since.is_some(),
        paused_since: lease.paused_since.map(crate::time::rfc3339),
    }
}

fn may_step_aside(lease: &Lease, now: UnixMs, terms: &RuleTiming) -> bool {
    let wanted = lease.asked_at.is_some_and(|at| now - at <= terms.lease);
    let lately = lease
        .stepped_aside_at
        .is_some_and(|at| !has_come(at + terms.yield_lease, now, terms.yield_lease));
    wanted && !lately
}

fn release(lease: &mut Lease, now: UnixMs) -> LeaseAnswer {
    lease.holder = None;
    lease.expires_at = now;
    LeaseAnswer::Released
}
