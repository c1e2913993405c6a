//! Lines of an import, between the gateway and the user service.

use serde::{Deserialize, Serialize};

use crate::{ServiceError, UserId, Values};

/// The most lines in one request: few enough that it stays far below what a message may hold, and that live changes do not
/// wait for it.
pub const MAX_IMPORT_LINES: usize = 100;

/// Request on `users.import`: users as they are to be, at most [`MAX_IMPORT_LINES`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportUsers {
    /// One for each user; where one comes twice, the later line counts.
    pub lines: Vec<ImportLine>,
}

/// A user as it is to be; what is not given stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportLine {
    /// Who.
    pub user_id: UserId,
    /// The fields given; null clears.
    pub fields: Values,
}

/// Answer on `users.import`, sent after what was accepted is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsersImported {
    /// One for each line, in their order.
    pub results: Vec<ImportResult>,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "camelCase")]
pub enum ImportResult {
    /// It gave something new, which HubSpot has yet to hear.
    Changed {
        /// The version it made.
        version: u64,
    },
    /// It gave what was stored, and touched nothing.
    Unchanged {
        /// The version there is.
        version: u64,
    },
    /// It was not accepted, or nobody knows whether it was; the code says which.
    Rejected {
        /// Why.
        error: ServiceError,
    },
}
