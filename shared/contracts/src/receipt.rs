//! What became of a version of a user.

mod problem;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use problem::{ProblemKind, SyncProblem};

use crate::{Field, Link, Reason, UserId};

/// What became of a version, or of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SyncState {
    /// Not settled yet.
    Pending,
    /// HubSpot refused a value, with its reason.
    Rejected,
    /// Another contact holds the address.
    Conflict,
    /// It kept failing alone; tried again only on request, or seldom where the reason may pass.
    Failed,
    /// HubSpot has no such contact.
    NotFound,
    /// HubSpot holds the values.
    Confirmed,
    /// Later versions touched every field this one touched.
    Superseded,
    /// The change touched no field.
    Unchanged,
}

/// The delivery of one change, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionState {
    /// What became of it so far.
    pub state: SyncState,
    /// The version it is about.
    pub version: u64,
}

/// The receipt of one version: what became of the fields it was the last to touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Whose.
    pub user_id: UserId,
    /// The version it is about.
    pub version: u64,
    /// The worst of the fields' states, in the order of [`State`].
    pub state: SyncState,
    /// Whether a field with an outcome is being sent once more; the outcome stands until then.
    pub resending: bool,
    /// Each field this version was the last to touch.
    pub fields: BTreeMap<Field, FieldReceipt>,
    /// How the user stands: the worst state of every field that any version gave.
    pub overall_state: SyncState,
    /// With the receipt of the current version: each field that an earlier one was the last to touch.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub earlier_fields: BTreeMap<Field, EarlierField>,
    /// What keeps fields of this receipt from HubSpot, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<SyncProblem>,
    /// The contact the user is linked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Link>,
    /// How many attempts were made to deliver this user, over all versions.
    pub attempts: u64,
    /// Why the last attempt failed, while the user waits for the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Reason>,
    /// The last attempts that carried this version or a later one, the latest first; at most ten are remembered of a
    /// user, over all versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_attempts: Vec<AttemptReceipt>,
    /// The user's current version.
    pub current_version: u64,
}

/// An attempt that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptReceipt {
    /// Its number; a user's attempts count from 1.
    pub attempt: u64,
    /// The version whose state it carried.
    pub version: u64,
    /// When it was given to a worker, RFC 3339 in UTC.
    pub at: String,
    /// Milliseconds from there to its verdict.
    pub duration_ms: u64,
    /// HubSpot's status for the call that the code is about, where it says, or for the last one that it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why not everything it was given was confirmed: HubSpot's own code or one of ours; absent where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// HubSpot's category, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// HubSpot's correlation id; of an attempt that was confirmed it is kept until the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

/// What became of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldReceipt {
    /// `pending`, or the outcome.
    pub state: SyncState,
    /// Whether it is being sent once more although it has an outcome.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resending: bool,
    /// HubSpot's own reason for a refusal, a conflict or a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When the outcome was recorded, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<String>,
}

/// What became of a field that an earlier version gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierField {
    /// The version that was the last to touch it.
    pub version: u64,
    /// What became of it.
    #[serde(flatten)]
    pub field: FieldReceipt,
}

/// Published on `users.accepted` a few times a second at most, while changes are accepted. No personal data.
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
    /// Who.
    pub user_id: UserId,
    /// The version that the change made.
    pub version: u64,
}

/// Published on `users.settled`, one for each batch of verdicts, after their commit. No personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedNotice {
    /// The users that turned settled.
    pub users: Vec<ResolvedUser>,
}

/// One user of a [`SettledNotice`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedUser {
    /// Who.
    pub user_id: UserId,
    /// The version whose receipt changed: the user's current one.
    pub version: u64,
    /// What that receipt says now.
    pub state: SyncState,
}
