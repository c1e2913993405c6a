//! Why a user's values did not reach HubSpot, as sentences for people.

use serde::{Deserialize, Serialize};

use crate::FieldSet;

/// A problem of a user: what happened, what to do, and when hubsync tries again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SyncProblem {
    /// The kind of problem.
    pub problem: ProblemKind,
    /// The fields that have it.
    pub fields: FieldSet,
    /// What happened. It quotes no value of the user.
    pub explanation: String,
    /// What an operator can do.
    pub remedy: String,
    /// The addresses that were looked up, if no contact was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// When hubsync tries again by itself, RFC 3339 in UTC; absent where it does not, and while an attempt is running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
}

/// The kind of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum ProblemKind {
    /// HubSpot rejected a value.
    Rejected,
    /// Another contact has the address.
    Conflict,
    /// Delivery of this user kept failing while others succeeded.
    Failed,
    /// No contact has the address of the user.
    NotFound,
    /// A kind that a later version may report.
    #[serde(other)]
    Unknown,
}
