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
    /// Whose fault the error of one record is, after a check was passed, or if it came in a batch's list of errors.
    pub(crate) fn of(kind: &CallErrorKind) -> Self {
        match kind {
            // As the error of a whole call these halt delivery. In a batch's list of errors they are not the record's fault
            // either.
            CallErrorKind::Unauthorized
            | CallErrorKind::Disconnected
            | CallErrorKind::Misconfigured
            | CallErrorKind::NoToken
            | CallErrorKind::AccountUnknown
            | CallErrorKind::WrongAccount
            | CallErrorKind::RateLimited { .. }
            | CallErrorKind::AccountMoving { .. }
            | CallErrorKind::Unreachable => Self::Account,
            CallErrorKind::Invalid { .. }
            | CallErrorKind::Conflict
            | CallErrorKind::NotFound
            | CallErrorKind::NoSuchPath
            | CallErrorKind::MissingScopes
            | CallErrorKind::Forbidden
            | CallErrorKind::Locked
            | CallErrorKind::ServerError { .. }
            | CallErrorKind::NoResponse
            | CallErrorKind::UnexpectedStatus
            | CallErrorKind::UnknownCategory
            | CallErrorKind::UnreadableBody => Self::Record,
        }
    }
}
