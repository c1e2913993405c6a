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
    /// The worst state of its fields.
    pub state: SyncState,
    /// Whether a field that has a result is being sent again.
    pub resending: bool,
    /// Why the user is rejected, in conflict or failed; or why the last attempt failed while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ListedReason>,
    /// How many attempts to deliver the user were made.
    pub attempts: u64,
    /// When the last change was accepted, RFC 3339 in UTC.
    pub updated_at: String,
    /// When hubsync tries again by itself to solve the problem, RFC 3339 in UTC; absent where it does not, and while an
    /// attempt is running.
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

/// How many users are in which state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct UsersSummary {
    /// How many users have a pending change.
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

/// The most reasons a summary tells apart.
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
