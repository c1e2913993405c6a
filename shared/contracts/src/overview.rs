//! Many users at once: lists, a summary, and trying users with problems again.

use serde::{Deserialize, Serialize};

use crate::{Reason, SyncState, UserId};

/// Lists users that are pending or have problems. Sent on `users.sync.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListUsers {
    /// Which users.
    pub filter: UserFilter,
    /// Where the page begins: the `next` of the page before, or absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The most users in the page, from 1 to [`MAX_LISTED`].
    pub limit: usize,
}

/// The most users in one page, and in one request to try users again.
pub const MAX_LISTED: usize = 500;

/// Which users to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserFilter {
    /// Users with a change that has no result yet, in the order in which they are woken.
    Pending,
    /// Users with problems, by state, reason and id.
    Problems(ProblemFilter),
}

/// Which users with problems.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProblemFilter {
    /// Only users in this state: rejected, conflict, failed or not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<SyncState>,
    /// Only users whose reason has this code. It needs a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The answer to [`ListUsers`]: a page of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersListed {
    /// The users.
    pub users: Vec<ListedUser>,
    /// Where the next page begins, to be given as [`ListUsers::after`]; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A user in a list, without its profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedUser {
    /// The user.
    pub user_id: UserId,
    /// The current version.
    pub version: u64,
    /// The state over all fields.
    pub state: SyncState,
    /// Whether the user is being sent again.
    pub resending: bool,
    /// Why the user has its problem, or why its last attempt failed while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ListedReason>,
    /// The number of attempts so far.
    pub attempts: u64,
    /// When the last change was accepted, as an RFC 3339 time in UTC.
    pub updated_at: String,
    /// When hubsync tries a user with a problem again by itself, as an RFC 3339 time in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// When the oldest change without a result was accepted, as an RFC 3339 time in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_since: Option<String>,
}

/// A [`Reason`] without its message, which may quote a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedReason {
    /// A stable code: HubSpot's own, its category, or one of ours.
    pub code: String,
    /// HubSpot's category, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The HTTP status, if HubSpot responded.
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

/// Counts users. Sent on `users.sync.summary`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummarizeUsers {}

/// The answer to [`SummarizeUsers`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersSummary {
    /// Users with a change that has no result yet.
    pub pending: u64,
    /// Users without such a change that are being sent again, by a recheck, a retry or a resync.
    pub resending: u64,
    /// When the oldest change without a result was accepted, as an RFC 3339 time in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_pending: Option<String>,
    /// Its age in milliseconds, by the database's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_pending_age_ms: Option<u64>,
    /// Users with problems by state and reason, the largest count first; at most [`MAX_PROBLEM_COUNTS`].
    pub problems: Vec<ProblemCount>,
    /// All users with problems.
    pub users_with_problems: u64,
    /// When users were counted, as an RFC 3339 time in UTC. Counts that took long are given for a while.
    pub counted_at: String,
}

/// The most counts of problems in a summary.
pub const MAX_PROBLEM_COUNTS: usize = 50;

/// The number of users in one state for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProblemCount {
    /// Rejected, conflict, failed or not found.
    pub state: SyncState,
    /// The code of the reason; none for users that were not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The number of users.
    pub users: u64,
    /// One of them.
    pub example: UserId,
}

/// Tries users with problems again: their fields with problems are marked dirty, and pauses after failures end. Sent on
/// `users.sync.retry`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetryUsers {
    /// These users, at most [`MAX_LISTED`], with live priority.
    Named(Vec<UserId>),
    /// A page of the users with these problems, with back-fill priority.
    #[serde(rename_all = "camelCase")]
    Listed {
        /// Which users.
        filter: ProblemFilter,
        /// Where the page begins: the `next` of the answer before, or absent for the first page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
}

/// The answer to [`RetryUsers`], sent after the commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersRetried {
    /// Users that are tried again.
    pub retried: u64,
    /// Users that were skipped, because they have no problem or are being sent already.
    pub skipped: u64,
    /// Named users that do not exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UserId>,
    /// Where the next page begins, to be given as `after`; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
