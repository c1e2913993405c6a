//! Lease, claim and report: how the hubspot service gets work from the user service and reports on it.
//!
//! One worker holds the lease, under an epoch that grows with each new holder. It claims dirty users; each claim is a numbered
//! attempt. It reports one result for each attempt.

mod attempt_result;
mod write_target;

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::{Field, FieldSet, RequestContext, UserId, Values};

pub use attempt_result::{
    AttemptFailure, AttemptResult, Confirmation, FieldResult, LastResponse, LinkOrigin, MAX_NORMALIZED_BYTES,
    NewLink, NextAction, Reason, ReportResults, ReportedUser, ResultsReported, Retraction, VALUE_NOT_KEPT,
};
pub(crate) use attempt_result::{is_true, yes};
pub use write_target::WriteTarget;

/// How urgent a user is. Live users always go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Priority {
    /// A caller or an operator waits for the result.
    Live,
    /// A resync, an import, a repair or a recheck. A priority that a later version may send is read as this one.
    #[serde(other)]
    Backfill,
}

/// The wake-up on `users.changed.<userId>`: this user has to be delivered. It carries no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserChanged {
    /// The user.
    pub user_id: UserId,
    /// The version when the wake-up was published. The row is read again when the user is claimed.
    pub version: u64,
    /// How urgent the user is.
    pub priority: Priority,
}

/// The wake-up of a user of whom the stream still holds an earlier one, so that it rejects this one. The user service publishes it on
/// `users.wake`, and the worker that holds the lease listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WakeUpNotice(pub UserChanged);

/// Takes, renews, releases or yields the lease. Sent on `users.lease`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeLease {
    /// The random id of the worker. The user service compares it with the holder of an attempt.
    pub holder: String,
    /// The HubSpot account (portal id) that the worker's token belongs to.
    pub account_id: String,
    /// What to do with the lease.
    pub action: LeaseAction,
    /// What HubSpot says about the worker's token.
    #[serde(default, skip_serializing_if = "TokenState::is_unknown")]
    pub token: TokenState,
}

/// What HubSpot says about a worker's token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenState {
    /// HubSpot accepted it for this account within the last 30 seconds.
    Accepted,
    /// HubSpot refused it, and has not accepted it since.
    Refused,
    /// Neither. A state that a later version may send is read as this one.
    #[default]
    #[serde(other)]
    Unknown,
}

impl TokenState {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

/// What a worker does with the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LeaseAction {
    /// Takes or renews it.
    Hold,
    /// Releases it at shutdown.
    Release,
    /// Gives it to a worker that asks for it, because HubSpot does not answer this one or refuses its token.
    Yield,
}

/// The answer to [`ChangeLease`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "answer")]
pub enum LeaseAnswer {
    /// The worker holds the lease.
    #[serde(rename_all = "camelCase")]
    Granted {
        /// The number of this lease. It grows with each new holder.
        epoch: u64,
        /// Milliseconds that the lease lasts from when it was granted.
        ttl_ms: u64,
        /// Milliseconds that an attempt may take. All its calls have to end within them.
        attempt_term_ms: u64,
        /// Whether another worker asks for the lease and this one may yield it, which it may do at most every ten minutes. To a
        /// worker whose token HubSpot refuses, only a worker counts whose token HubSpot accepts.
        may_yield: bool,
        /// Whether an operator has paused delivery. The worker then keeps the lease, but claims and sends nothing.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        paused: bool,
    },
    /// Another worker holds the lease.
    #[serde(rename_all = "camelCase")]
    Held {
        /// Milliseconds until the lease expires unless it is renewed.
        left_ms: u64,
        /// Whether HubSpot refuses the holder's token. A worker whose token HubSpot accepts may get the lease, so the asker
        /// finds out whether its own is accepted.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        holder_refused: bool,
    },
    /// The worker does not hold the lease any more, or never did.
    Released,
    /// The links in the database belong to another HubSpot account. An operator has to decide what to do.
    #[serde(rename_all = "camelCase")]
    OtherAccount {
        /// The account that the links belong to.
        remembered: String,
    },
}

/// Pauses or resumes delivery, or reads whether it is paused. Sent on `users.delivery`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlDelivery {
    /// What to do.
    pub action: DeliveryAction,
}

/// What an operator does with delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryAction {
    /// Reads whether it is paused.
    Read,
    /// Pauses it. hubsync then accepts changes as before, but writes nothing to HubSpot, and reads only for comparisons that a person
    /// asks for.
    Pause,
    /// Resumes it.
    Resume,
}

/// Whether delivery is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DeliveryControl {
    /// Whether delivery is paused.
    pub paused: bool,
    /// Since when it is paused, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_since: Option<String>,
}

/// Claims dirty users as numbered attempts. Sent on `users.claim`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimUsers {
    /// The id of the worker.
    pub holder: String,
    /// The epoch of its lease. Any epoch except the current one is rejected with `stale_epoch`.
    pub epoch: u64,
    /// The users to claim, each at most once.
    pub users: Vec<UserId>,
    /// The maximum number of claims to give, at most [`MAX_CLAIMS`]. If the named users leave space, attempts that older epochs left open fill it.
    pub limit: u32,
    /// The revision of the set of fields that the worker knows. Nobody is given under another one, because the worker could not read
    /// every value. None from workers of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields_revision: Option<u64>,
}

/// The maximum number of users in one claim, claims in one answer, and results in one report. With values of the maximum length, messages stay
/// below the megabyte that NATS allows.
pub const MAX_CLAIMS: usize = 200;

/// The answer to [`ClaimUsers`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersClaimed {
    /// The attempts that were given.
    pub claims: Vec<Claim>,
    /// Named users that are clean. Their wake-ups can be acknowledged.
    pub clean: Vec<UserId>,
    /// Named users with an attempt of this epoch that is still under way.
    pub in_progress: Vec<UserId>,
    /// Named users that are dirty and have to wait, because HubSpot may still apply a call of another user to their contact. They are
    /// due again when that is over, and their wake-ups can be acknowledged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<UserId>,
    /// Named users that the limit left out.
    pub left_out: Vec<UserId>,
    /// Whether attempts that older epochs left open remain. The worker claims again until none do.
    pub more_left_open: bool,
}

/// One numbered attempt to bring a user to HubSpot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The user.
    pub user_id: UserId,
    /// The number of the attempt. It grows with each attempt of this user.
    pub attempt: NonZeroU64,
    /// The version that the values belong to.
    pub version: u64,
    /// The generation up to which this attempt resolves fields.
    pub generation: u64,
    /// How urgent the user is.
    pub priority: Priority,
    /// The value of each field.
    #[serde(deserialize_with = "crate::fields::known_fields")]
    pub values: Values,
    /// The fields to send.
    pub dirty: FieldSet,
    /// The contact, if one is known in this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Whether the user was never linked to a contact. Only then may a contact be created for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_linked: bool,
    /// The HTTP request of the last change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestContext>,
    /// Values of a former user of the contact, of fields that this user never had. Those that the contact still has are cleared.
    #[serde(
        default,
        skip_serializing_if = "Values::is_empty",
        deserialize_with = "crate::fields::known_fields"
    )]
    pub former_values: Values,
    /// What HubSpot last confirmed in dirty fields that are written only if the contact has no value, or this one.
    #[serde(
        default,
        skip_serializing_if = "Values::is_empty",
        deserialize_with = "crate::fields::known_fields"
    )]
    pub last_confirmed: Values,
    /// Addresses under which earlier attempts may have created a contact. Each is looked up too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub possible_creates: Vec<PossibleCreate>,
}

impl Claim {
    /// The user's address.
    pub fn address(&self) -> Option<&str> {
        self.values.get(&Field::EMAIL)?.as_ref()?.as_text()
    }
}

/// An address under which an earlier attempt may have created a contact although HubSpot returned no id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PossibleCreate {
    /// The address.
    pub address: String,
    /// Whether HubSpot may still create it. Until then no contact is created under another address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
}

/// The HubSpot contact that a user is linked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Link {
    /// The record id of the contact.
    pub contact_id: String,
    /// The account (portal id) that the record id belongs to.
    pub account_id: String,
    /// The address that HubSpot last confirmed for the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How the contact was found.
    pub origin: LinkOrigin,
    /// Whether another user is linked to the same contact.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}
