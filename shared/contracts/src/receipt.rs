//! Receipts: the state of a version of a user, and the attempts to deliver it.

mod problem;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use problem::{ProblemKind, SyncProblem};

use crate::{
    Field, Link, Reason, UserId,
    delivery::{is_true, yes},
};

/// The state of a version or a field. The order matters: of the fields of a version, the first state that applies is the version's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum SyncState {
    /// It has no result yet.
    Pending,
    /// HubSpot rejected a value, or did not keep it.
    Rejected,
    /// Another contact has the address.
    Conflict,
    /// Delivery of this user kept failing while others succeeded. hubsync retries only on request, or seldom where the reason
    /// may be transient.
    Failed,
    /// HubSpot has no contact for the user.
    NotFound,
    /// HubSpot has the values.
    Confirmed,
    /// The values were not written, because of when their fields are written: the contact was there already, or has values of its own.
    Skipped,
    /// Later versions changed every field that this one changed.
    Superseded,
    /// A state that a later version of the services may report.
    #[serde(other)]
    Unknown,
}

/// The state of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct VersionState {
    /// The state so far.
    pub state: SyncState,
    /// The version.
    pub version: u64,
}

/// The receipt of a version: the state of each field that it was the last to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Receipt {
    /// The user.
    pub user_id: UserId,
    /// The version of this receipt.
    pub version: u64,
    /// The worst state of these fields, in the order of [`SyncState`].
    pub state: SyncState,
    /// Whether a field that has a result is being sent again. The result stays until there is a new one.
    pub resending: bool,
    /// Each field that this version was the last to change.
    #[serde(deserialize_with = "crate::fields::known_fields")]
    pub fields: BTreeMap<Field, FieldReceipt>,
    /// The worst state of all fields of the user, whichever version gave them. Rejected, conflict, failed and not found come before
    /// pending here, so that a pending field does not hide the problem of another one.
    pub overall_state: SyncState,
    /// In the receipt of the current version: each field that an earlier version was the last to change.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "crate::fields::known_fields"
    )]
    pub earlier_fields: BTreeMap<Field, EarlierField>,
    /// What keeps fields of this receipt from HubSpot, the worst problem first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<SyncProblem>,
    /// The contact that the user is linked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Link>,
    /// How many attempts to deliver this user were made, over all versions.
    pub attempts: u64,
    /// How many attempts have failed since the last success, or since a change or a retry ended the pause after a failure.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failures: u32,
    /// Why the last attempt failed; absent after a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Reason>,
    /// When the next attempt is due after one that failed, RFC 3339 in UTC; absent while an attempt is running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// The last attempts that carried this version or a later one, latest first. At most ten attempts of a user are kept,
    /// over all versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_attempts: Vec<AttemptReceipt>,
    /// The current version of the user.
    pub current_version: u64,
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// An attempt that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AttemptReceipt {
    /// The number of the attempt. It grows with each attempt of the user: from 1, or from the version floor.
    pub attempt: u64,
    /// The version that it carried.
    pub version: u64,
    /// When a worker got the attempt, RFC 3339 in UTC.
    pub at: String,
    /// How many milliseconds passed from then to its result.
    pub duration_ms: u64,
    /// The status of HubSpot's response to the call that the code is about, or else to the last call that was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why not everything was confirmed: HubSpot's own code or one of hubsync's. Absent where everything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The category that HubSpot gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The correlation id of HubSpot. For a confirmed attempt it is kept until the next one ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

/// The state of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FieldReceipt {
    /// `pending`, or its result.
    pub state: SyncState,
    /// Whether the field is being sent again although it has a result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resending: bool,
    /// Whether HubSpot keeps the confirmed value in another form, which differs in blanks, case or Unicode form. Absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub normalized: bool,
    /// False if HubSpot accepted the value and does not show the property, so that nobody can check it. Absent otherwise.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    #[cfg_attr(feature = "openapi", schemars(extend("const" = false)))]
    pub shown: bool,
    /// HubSpot's own reason of a rejection, a conflict or a failure, or hubsync's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When the result was recorded, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<String>,
}

/// The state of a field that an earlier version gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct EarlierField {
    /// The version that was the last to change it.
    pub version: u64,
    /// The state of the field.
    #[serde(flatten)]
    pub field: FieldReceipt,
}

/// The user service publishes this on `users.accepted`, at most ten times a second, while changes are accepted. It carries no personal
/// data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AcceptedNotice {
    /// How many changes were committed since the last notice.
    pub changes: u64,
    /// The users of some of them.
    pub users: Vec<AcceptedUser>,
}

/// One user of an [`AcceptedNotice`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedUser {
    /// The user.
    pub user_id: UserId,
    /// The version that the change made.
    pub version: u64,
}

/// The user service publishes this on `users.resolved`, after a commit that made users clean. It carries no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedNotice {
    /// The users that became clean.
    pub users: Vec<ResolvedUser>,
}

/// One user of a [`ResolvedNotice`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedUser {
    /// The user.
    pub user_id: UserId,
    /// The user's current version, whose receipt changed.
    pub version: u64,
    /// The state of that version now.
    pub state: SyncState,
}
