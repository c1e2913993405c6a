//! Sending fields of users again.

use serde::{Deserialize, Serialize};

use crate::{FieldSet, UserId};

/// Marks fields of users dirty, with back-fill priority. Sent on `users.sync.resync`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResyncUsers {
    /// Which users.
    #[serde(flatten)]
    pub users: UsersToResync,
    /// Which fields; every field if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<FieldSet>,
}

/// The users of a resync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UsersToResync {
    /// These users, at most [`MAX_LISTED`](crate::MAX_LISTED).
    Named(Vec<UserId>),
    /// A page of all users, in the order of their ids.
    #[serde(rename_all = "camelCase")]
    All {
        /// The page begins after this user, or with the first one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
    },
}

/// The result of a resync. It is sent after the commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct UsersResynced {
    /// How many users are sent again.
    pub resynced: u64,
    /// How many users were skipped because they share their contact with another user.
    pub shared: u64,
    /// How many users were skipped because these fields are being sent already or were never given, or because their row cannot be read.
    pub skipped: u64,
    /// Users in the request that do not exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UserId>,
    /// The last user of this request: pass it as `after` to continue. Absent when it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<UserId>,
}
