//! Whether a failure is one record's, or the account's as a whole.

use crate::engine::CallErrorKind;

/// What a failure concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureScope {
    /// This record failed alone.
    Record,
    /// The account, the network, or a whole batch failed.
    Account,
}

impl FailureScope {
    /// The scope of an error that only one record met.
    pub(crate) fn of(kind: &CallErrorKind) -> Self {
        match kind {
            // For a whole call these halt delivery before any record is looked at. In a batch's list of errors they are
            // no more the record's fault than there.
            CallErrorKind::NoSuchPath
            | CallErrorKind::Unauthorized
            | CallErrorKind::Disconnected
            | CallErrorKind::Misconfigured
            | CallErrorKind::NoToken
            | CallErrorKind::MissingScopes
            | CallErrorKind::AccountUnknown
            | CallErrorKind::WrongAccount
            | CallErrorKind::RateLimited { .. }
            | CallErrorKind::AccountMoving { .. }
            | CallErrorKind::Unreachable => Self::Account,
            CallErrorKind::Invalid { .. }
            | CallErrorKind::Conflict { .. }
            | CallErrorKind::NotFound
            | CallErrorKind::Forbidden
            | CallErrorKind::Locked
            | CallErrorKind::ServerError { .. }
            | CallErrorKind::NoResponse
            | CallErrorKind::UnexpectedStatus
            | CallErrorKind::UnreadableBody => Self::Record,
        }
    }
}
