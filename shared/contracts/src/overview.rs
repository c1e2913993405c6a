//! Many users at once: which wait, which met trouble and why, and trying them again.

use serde::{Deserialize, Serialize};

use crate::{Reason, SyncState, UserId};

/// Request on `users.sync.list`; the answer is [`UsersListed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListUsers {
    /// Which users.
    pub filter: UserFilter,
    /// Goes on after the page that answered this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The most users, from 1 to [`MAX_LISTED`].
    pub limit: usize,
}

/// The most users of one page, and of one request to try again: so many rows are no burden to anybody.
pub const MAX_LISTED: usize = 500;

/// Users by how they stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserFilter {
    /// A change waits for its outcome; in the order in which they are announced.
    Pending,
    /// Refused, taken, parked or missing; by state, reason and id.
    Problems(ProblemFilter),
}

/// Users that met trouble.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProblemFilter {
    /// In this state only: refused, taken, parked or missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<SyncState>,
    /// For the reason of this code only; goes with a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A page of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersListed {
    /// The users.
    pub users: Vec<ListedUser>,
    /// Given as [`ListUsers::after`], goes on; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A user of a list: how it stands, and nothing of its profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedUser {
    /// Who.
    pub user_id: UserId,
    /// The version it is at.
    pub version: u64,
    /// The worst state of its fields.
    pub state: SyncState,
    /// Whether it is being sent once more.
    pub resending: bool,
    /// Why it is refused, taken or parked, or why the last attempt failed while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ListedReason>,
    /// How many attempts were made to deliver it.
    pub attempts: u64,
    /// When its last change was accepted, RFC 3339 in UTC.
    pub updated_at: String,
    /// When hubsync tries again by itself what has a problem, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// When the oldest change was accepted that waits for its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_since: Option<String>,
}

/// A [`Reason`] without its message, which may quote a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedReason {
    /// A stable code: HubSpot's own, its category, or ours.
    pub code: String,
    /// HubSpot's category, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The HTTP status, where there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// HubSpot's correlation id, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

impl From<Reason> for ListedReason {
    fn from(reason: Reason) -> Self {
        Self {
            code: reason.code,
            category: reason.category,
            status: reason.status,
            correlation_id: reason.correlation_id,
        }
    }
}

/// Request on `users.sync.summary`; the answer is [`UsersSummary`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummarizeUsers {}

/// Answer on `users.sync.summary`: how all users stand together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersSummary {
    /// Users with a change that waits for its outcome.
    pub pending: u64,
    /// Users with nothing pending that are being sent once more: a recheck, a retry, a resync.
    pub resending: u64,
    /// When the oldest change was accepted that waits for its outcome, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_pending: Option<String>,
    /// Its age in milliseconds by the database's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_pending_age_ms: Option<u64>,
    /// Users that met trouble, by state and reason, the most frequent first, at most [`MAX_TROUBLES`].
    pub problems: Vec<ProblemCount>,
    /// Users that met trouble, in all.
    pub users_with_problems: u64,
    /// When it was counted, RFC 3339 in UTC. Large counts are not made anew for everybody who asks.
    pub counted_at: String,
}

/// The most reasons a summary tells apart.
pub const MAX_PROBLEM_COUNTS: usize = 50;

/// Users in the same state for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProblemCount {
    /// Refused, taken, parked or missing.
    pub state: SyncState,
    /// The code of the reason; none for what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many.
    pub users: u64,
    /// One of them.
    pub example: UserId,
}

/// Request on `users.sync.retry`: what is refused, taken, parked or missing of these users is owed again, and pauses
/// after failures are over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetryUsers {
    /// These, at most [`MAX_LISTED`], at once.
    Named(Vec<UserId>),
    /// Those that met this trouble, behind live changes; so many of them that are listed after `after`.
    #[serde(rename_all = "camelCase")]
    Listed {
        /// Which.
        filter: ProblemFilter,
        /// Goes on after the answer that said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
}

/// Answer on `users.sync.retry`, sent after the commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersRetried {
    /// Users that are tried again.
    pub retried: u64,
    /// Users that were left alone: nothing of them waits to be tried again, or it is being sent already.
    pub skipped: u64,
    /// Named users that do not exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UserId>,
    /// Given as `after`, goes on; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
