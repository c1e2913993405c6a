//! Sending every field of users again.

use serde::{Deserialize, Serialize};

use crate::UserId;

/// Marks every field of users dirty, with back-fill priority. Sent on `users.sync.resync`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ResyncUsers {
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

/// The answer to [`ResyncUsers`], sent after the commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersResynced {
    /// Users that are sent again.
    pub resynced: u64,
    /// Users that were skipped because they share their contact with another user.
    pub shared: u64,
    /// Users that were skipped because every field is dirty already, or because their row cannot be read.
    pub skipped: u64,
    /// Named users that do not exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UserId>,
    /// Where the next page begins, to be given as `after`; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<UserId>,
}
