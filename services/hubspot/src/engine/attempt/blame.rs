//! Whose fault a failure is.

use crate::engine::CallErrorKind;

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// This record failed alone.
    Record,
    /// The account, the network, or a batch of many.
    Nobody,
}

impl Blame {
    /// Whose fault a problem is that only this record met.
    pub(super) fn for_problem(kind: &CallErrorKind) -> Self {
        match kind {
            // Faults of the account, which stop the line before a record is looked at; in a batch's list of errors
            // they still are no fault of the record.
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
            | CallErrorKind::Unreachable => Self::Nobody,
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
