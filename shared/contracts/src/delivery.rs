//! Lease, claim and record: how the hubspot service gets work from the user service and reports on it.
//!
//! One worker holds the lease, under an epoch that grows with each new holder. It claims users that owe HubSpot
//! something; each claim is a numbered attempt. It records one verdict for each attempt.

mod attempt_result;

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::{FieldSet, UserId, Values};

pub use attempt_result::{
    AttemptFailure, AttemptResult, FieldResult, LastResponse, LinkOrigin, NewLink, NextAction, Reason,
    ReportResults, ReportedUser, ResultsReported, Retraction,
};

/// How urgent a user is; live goes first, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Priority {
    /// A caller made a change.
    Live,
    /// Resync, import, drift repair, recheck.
    Backfill,
}

/// The wake-up on `users.changed.<userId>`: this user wants attention. No personal data travels in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserChanged {
    /// Who.
    pub user_id: UserId,
    /// The version at the time of the announcement; the row is read anew when it is claimed.
    pub version: u64,
    /// How urgent.
    pub priority: Priority,
}

/// Request on `users.lease`: take, renew or give back the right to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeLease {
    /// The random id the worker drew; it says whose attempt a verdict is about.
    pub holder: String,
    /// The HubSpot account (portal id) that the worker's token opens.
    pub account_id: String,
    /// What the worker wants.
    pub action: LeaseAction,
}

/// What a worker wants of the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LeaseAction {
    /// Take it, or renew it.
    Hold,
    /// Give it back on shutdown.
    Release,
    /// Give it to the worker that asks for it, since calls of this one go unanswered.
    Yield,
}

/// Answer on `users.lease`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "answer")]
pub enum LeaseAnswer {
    /// The worker holds the lease.
    #[serde(rename_all = "camelCase")]
    Granted {
        /// Grows with each new holder.
        epoch: u64,
        /// Milliseconds the lease lasts from when it was granted.
        ttl_ms: u64,
        /// Milliseconds an attempt may stay without a verdict; all its calls have to end within it.
        attempt_term_ms: u64,
        /// Whether another worker asks for it and this one may step aside (at most every ten minutes).
        may_yield: bool,
        /// Whether an operator has paused delivery: the lease is held, and nothing is claimed or sent.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        paused: bool,
    },
    /// Another worker holds it.
    #[serde(rename_all = "camelCase")]
    Held {
        /// Milliseconds until it expires unless it is renewed.
        left_ms: u64,
    },
    /// The lease was given back, or was not this worker's.
    Released,
    /// The links in the database belong to another HubSpot account; an operator must decide.
    #[serde(rename_all = "camelCase")]
    OtherAccount {
        /// The account the links belong to.
        remembered: String,
    },
}

/// Request on `users.line`: an operator pauses or resumes delivery, or asks whether it is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlDelivery {
    /// What the operator wants.
    pub action: DeliveryAction,
}

/// What an operator wants of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryAction {
    /// Only to know.
    Read,
    /// Nothing is written to HubSpot until it is resumed, and nothing read but for a comparison that a person asks for;
    /// changes are accepted as ever.
    Pause,
    /// Delivery goes on.
    Resume,
}

/// Answer on `users.line`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryControl {
    /// Whether delivery is paused.
    pub paused: bool,
    /// Since when, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_since: Option<String>,
}

/// Request on `users.claim`: hand out users that owe something, as numbered attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimUsers {
    /// The worker's id.
    pub holder: String,
    /// The epoch of its lease; any but the current one is refused with `stale_epoch`.
    pub epoch: u64,
    /// The users wanted by name, each at most once.
    pub users: Vec<UserId>,
    /// The most claims to give, at most [`MAX_CLAIMS`]; what the named users leave is filled with rows left open by
    /// older epochs.
    pub limit: u32,
}

/// The most users one claim may name, the most claims one answer and the most verdicts one record holds: with the
/// longest values they stay below the megabyte a NATS message may have.
pub const MAX_CLAIMS: usize = 200;

/// Answer on `users.claim`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersClaimed {
    /// The attempts handed out.
    pub claims: Vec<Claim>,
    /// Named users that owe nothing: their wake-ups are done.
    pub clean: Vec<UserId>,
    /// Named users with an attempt open under this epoch that is within its term.
    pub in_progress: Vec<UserId>,
    /// Named users left out by the limit.
    pub left_out: Vec<UserId>,
    /// Whether rows left open by older epochs remain; claim again until none do.
    pub more_left_open: bool,
}

/// One numbered attempt to bring a user to HubSpot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// Who.
    pub user_id: UserId,
    /// Grows by one with each attempt of this user.
    pub attempt: NonZeroU64,
    /// The version whose state this is.
    pub version: u64,
    /// The turn up to which a verdict of this attempt settles.
    pub generation: u64,
    /// How urgent.
    pub priority: Priority,
    /// The value of each field.
    pub values: Values,
    /// The fields HubSpot has yet to hear: what is to be sent.
    pub dirty: FieldSet,
    /// The contact, where one is known in this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Whether the user was never linked to any contact, so that one may be created for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_linked: bool,
    /// Addresses under which earlier attempts may have created a contact. Each is looked up too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub possible_creates: Vec<PossibleCreate>,
}

/// An address under which an earlier attempt may have created a contact, without anybody being told its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PossibleCreate {
    /// The address.
    pub address: String,
    /// Whether it may happen still; until then nothing is created under another address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
}

/// The HubSpot contact a user is linked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The contact's record id.
    pub contact_id: String,
    /// The account (portal id) the record id belongs to.
    pub account_id: String,
    /// The address last confirmed for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How the contact was found.
    pub origin: LinkOrigin,
    /// Whether another user is linked to the same contact.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}
