//! Lines of an import.

use serde::{Deserialize, Serialize};

use crate::{ServiceError, UserId, Values};

/// The maximum number of lines in one request. The request stays far below what a message may hold, and live changes do not wait for it.
pub const MAX_IMPORT_LINES: usize = 100;

/// Imports users. Sent on `users.import`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportUsers {
    /// At most [`MAX_IMPORT_LINES`] lines. If two lines name one user, the later one counts.
    pub lines: Vec<ImportLine>,
}

/// The values of one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportLine {
    /// The user.
    pub user_id: UserId,
    /// The given fields; null clears a field. Other fields keep their values.
    pub fields: Values,
}

/// The answer to [`ImportUsers`], sent after the accepted lines are on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersImported {
    /// One result for each line, in their order.
    pub results: Vec<ImportResult>,
}

/// The result of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "camelCase")]
pub enum ImportResult {
    /// The line differs from the stored user and is sent to HubSpot.
    Changed {
        /// The version that the line made.
        version: u64,
    },
    /// The line equals the stored user and was skipped.
    Unchanged {
        /// The current version.
        version: u64,
    },
    /// The line was not accepted, or it is unknown whether it was; the code says which.
    Rejected {
        /// Why.
        error: ServiceError,
    },
    /// A result that a later version of the user service may answer.
    #[serde(other)]
    Unknown,
}
