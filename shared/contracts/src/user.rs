//! A user and a change to it, between the gateway and the user service.

use serde::{Deserialize, Serialize};

use crate::{UserId, Values, VersionState};

/// A user as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Its id.
    pub user_id: UserId,
    /// Every field by its contract name; null where it has no value.
    #[serde(flatten)]
    pub values: Values,
    /// Grows by one with each accepted change; the entity tag.
    pub version: u64,
    /// When the last change was accepted, RFC 3339 in UTC.
    pub updated_at: String,
}

/// How the fields of a change are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UpdateForm {
    /// `application/json`: the address is given with every change, and touches nothing where it equals the stored one.
    Json,
    /// `application/merge-patch+json` (RFC 7396): what is given is touched, null clears.
    MergePatch,
}

/// Request on `users.update`: change a user, or create it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateUser {
    /// Whom to change.
    pub user_id: UserId,
    /// How the fields are meant.
    pub form: UpdateForm,
    /// The fields given.
    pub fields: Values,
    /// The version the caller knows; another stored version refuses the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_match: Option<u64>,
    /// A repeat with the same key answers with the version the first one made. 1 to 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// Answer on `users.update`, sent after the change is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserUpdated {
    /// The user as it stands now.
    pub user: User,
    /// What is known of this change's delivery.
    pub sync: VersionState,
}

/// Request on `users.get`; the answer is a [`User`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetUser {
    /// Whom to read.
    pub user_id: UserId,
}

/// Request on `users.sync.get`; the answer is a [`Receipt`](crate::Receipt).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetReceipt {
    /// Whose receipt.
    pub user_id: UserId,
    /// Of which version; the latest where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}
