//! Many users at once: lists, a summary, and trying users with problems again.

use serde::{Deserialize, Serialize};

use crate::{Reason, SyncState, UserId, receipt::is_default};

/// Lists users that are pending or have problems. Sent on `users.sync.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListUsers {
    /// Which users.
    pub filter: UserFilter,
    /// Where the page begins: the `next` of the page before, or absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The maximum number of users in the page, from 1 to [`MAX_LISTED`].
    pub limit: usize,
}

/// The maximum number of users in one page, and in one request to try users again.
pub const MAX_LISTED: usize = 500;

/// Which users to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserFilter {
    /// Users with a change that has no result yet, in the order in which they are woken. Users with problems are among them, if they
    /// also have such a change.
    Pending,
    /// Users with problems, by state, reason and id, whether or not they also have a pending change.
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

/// A page of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct UsersListed {
    /// The users of this page.
    pub users: Vec<ListedUser>,
    /// The position after this page: pass it as `after` to get the next page. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A user in a list, with the state of its delivery and nothing of its profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ListedUser {
    /// The user.
    pub user_id: UserId,
    /// The current version of the user.
    pub version: u64,
    /// The state over all fields. A problem comes before pending; `pendingSince` tells whether a change is pending as well.
    pub state: SyncState,
    /// Whether a field that has a result is being sent again.
    pub resending: bool,
    /// Why the user is rejected, in conflict or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ListedReason>,
    /// How many attempts to deliver the user were made.
    pub attempts: u64,
    /// How many attempts have failed since the last success, or since a change or a retry ended the pause after a failure.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failures: u32,
    /// Why the last attempt failed; absent after a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<ListedReason>,
    /// When the last change was accepted, RFC 3339 in UTC.
    pub updated_at: String,
    /// When hubsync tries again by itself, after an attempt that failed or to solve the problem, RFC 3339 in UTC; absent where it does
    /// not, and while an attempt is running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// When the oldest pending change was accepted, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_since: Option<String>,
}

/// A [`Reason`] without its message, which may quote a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ListedReason {
    /// A stable code: HubSpot's own, its category, or one of hubsync's.
    pub code: String,
    /// The category that HubSpot gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The HTTP status of HubSpot's response, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The correlation id of HubSpot, for its support.
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

/// How many users are in which state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct UsersSummary {
    /// How many users have a pending change. A user that also has a problem counts in both.
    pub pending: u64,
    /// How many users have nothing pending but are being sent again, after a recheck, a retry or a resync.
    pub resending: u64,
    /// When the oldest pending change was accepted, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_pending: Option<String>,
    /// The age of the oldest pending change in milliseconds, by the clock of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_pending_age_ms: Option<u64>,
    /// Users with problems by state and reason, the most frequent first, at most [`MAX_PROBLEM_COUNTS`] groups.
    pub problems: Vec<ProblemCount>,
    /// How many users have a problem.
    pub users_with_problems: u64,
    /// When the users were counted, RFC 3339 in UTC. Large counts are reused for a while.
    pub counted_at: String,
}

/// The maximum number of counts of problems in a summary.
pub const MAX_PROBLEM_COUNTS: usize = 50;

/// The number of users in the same state for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ProblemCount {
    /// The state: rejected, conflict, failed or not found.
    pub state: SyncState,
    /// The code of the reason; absent where no contact was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many users there are.
    pub users: u64,
    /// One of these users.
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

/// The result of a retry. It is sent after the commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct UsersRetried {
    /// How many users are sent again.
    pub retried: u64,
    /// How many users were skipped: they have no problem, or are being sent already.
    pub skipped: u64,
    /// Users in the request that do not exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UserId>,
    /// The position where the request stopped: pass it as `after` to continue. Absent when it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
