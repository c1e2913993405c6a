//! What became of a version of a user.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Field, Link, Reason, UserId};

/// What became of a version, or of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Not settled yet.
    Pending,
    /// HubSpot refused a value, with its reason.
    Refused,
    /// Another contact holds the address.
    Taken,
    /// It kept failing alone; tried again only on request, or seldom where the reason may pass.
    Parked,
    /// HubSpot has no such contact.
    Missing,
    /// HubSpot holds the values.
    Confirmed,
    /// Later versions touched every field this one touched.
    Superseded,
    /// The change touched no field.
    Unchanged,
}

/// The delivery of one change, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncState {
    /// What became of it so far.
    pub state: State,
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
    pub state: State,
    /// Whether a field with an outcome is being sent once more; the outcome stands until then.
    pub resending: bool,
    /// Each field this version was the last to touch.
    pub fields: BTreeMap<Field, FieldReceipt>,
    /// The contact the user is linked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Link>,
    /// How many attempts were made to deliver this user, over all versions.
    pub attempts: u64,
    /// Why the last attempt failed, while the user waits for the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Reason>,
    /// The user's current version.
    pub current_version: u64,
}

/// What became of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldReceipt {
    /// `pending`, or the outcome.
    pub state: State,
    /// Whether it is being sent once more although it has an outcome.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resending: bool,
    /// HubSpot's own reason for a refusal, a conflict or a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When the outcome was recorded, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<String>,
}

/// Published on `users.settled`, one for each batch of verdicts, after their commit. No personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledNotice {
    /// The users that turned settled.
    pub users: Vec<SettledUser>,
}

/// One user of a [`SettledNotice`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettledUser {
    /// Who.
    pub user_id: UserId,
    /// The version whose receipt changed: the user's current one.
    pub version: u64,
    /// What that receipt says now.
    pub state: State,
}
