//! A user, and a change of it.

use serde::{Deserialize, Serialize};

use crate::{UserId, Values, VersionState};

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's id.
    pub user_id: UserId,
    /// Every field by its name; null if it has no value.
    #[serde(flatten, deserialize_with = "crate::fields::known_fields")]
    pub values: Values,
    /// The version. It grows by one with each change that gives a field another value, and by more after the database may have lost commits.
    /// It is the entity tag.
    pub version: u64,
    /// When the last change was accepted, as an RFC 3339 time in UTC.
    pub updated_at: String,
}

/// The form of a change, by its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UpdateForm {
    /// `application/json`: every change gives the address, and a field that is absent or null stays as it is.
    Json,
    /// `application/merge-patch+json` (RFC 7396): null clears a field.
    MergePatch,
}

/// Changes a user, or creates it. Sent on `users.update`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateUser {
    /// The user to change.
    pub user_id: UserId,
    /// The form of the change.
    pub form: UpdateForm,
    /// The given fields.
    pub fields: Values,
    /// The version that the caller knows. The change is rejected if the stored version is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_match: Option<u64>,
    /// A key of 1 to 255 characters, drawn by the caller. A second change with the same key changes nothing, and its answer has the
    /// version of the first one. The user service remembers a key for 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Which try of which change this is, if the sender may send the change a second time by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_try: Option<SenderTry>,
}

/// One of the two tries in which a sender sends a change. By it the user service recognizes the second one, without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SenderTry {
    /// A number that the sender drew at random for this change. Both tries have the same one.
    pub number: u64,
    /// In the second try: how many milliseconds before it the first one was sent.
    ///
    /// The user service knows the numbers of only a few changes. By this age it sees whether it would still know the first try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_try_age_ms: Option<u64>,
}

/// The answer to [`UpdateUser`], sent after the change is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserUpdated {
    /// The user after the change.
    pub user: User,
    /// Whether the change gave a field another value, and so made a version.
    pub changed: bool,
    /// The version that the change made, and its state. If it changed nothing: the version that the user had.
    pub sync: VersionState,
}

/// Reads a user. Sent on `users.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetUser {
    /// The user to read.
    pub user_id: UserId,
}

/// Reads the receipt of a version. Sent on `users.sync.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetReceipt {
    /// The user.
    pub user_id: UserId,
    /// The version; the latest one if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}
