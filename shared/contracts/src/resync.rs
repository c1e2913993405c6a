//! Everything of a user once more.

use serde::{Deserialize, Serialize};

use crate::UserId;

/// Request on `users.sync.resync`: every field of these users is owed again, behind live changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ResyncUsers {
    /// These, at most [`MAX_LISTED`](crate::MAX_LISTED).
    Named(Vec<UserId>),
    /// Everybody, so many at a time, in the order of their ids.
    #[serde(rename_all = "camelCase")]
    All {
        /// Goes on after that user, or begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
    },
}

/// Answer on `users.sync.resync`, sent after the commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersResynced {
    /// Users that are sent once more.
    pub resynced: u64,
    /// Users that were passed over, since they share their contact with another.
    pub shared: u64,
    /// Users that were left alone: every field of theirs is on its way already, or their row cannot be read.
    pub skipped: u64,
    /// Named users that do not exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UserId>,
    /// Given as `after`, goes on; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<UserId>,
}
