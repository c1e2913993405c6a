//! Whose fault a failure is.

use crate::engine::ProblemKind;

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
    pub(super) fn for_problem(kind: &ProblemKind) -> Self {
        match kind {
            // Faults of the account, which stop the line before a record is looked at; in a batch's list of errors
            // they still are no fault of the record.
            ProblemKind::NoSuchPath
            | ProblemKind::Unauthorized
            | ProblemKind::Disconnected
            | ProblemKind::Misconfigured
            | ProblemKind::NoToken
            | ProblemKind::MissingScopes
            | ProblemKind::AccountUntold
            | ProblemKind::WrongAccount
            | ProblemKind::Limited { .. }
            | ProblemKind::Moving { .. }
            | ProblemKind::Unreachable => Self::Nobody,
            ProblemKind::Invalid { .. }
            | ProblemKind::Conflict { .. }
            | ProblemKind::NotFound
            | ProblemKind::Forbidden
            | ProblemKind::Locked
            | ProblemKind::ServerFault { .. }
            | ProblemKind::Unanswered
            | ProblemKind::Refused
            | ProblemKind::Garbled => Self::Record,
        }
    }
}
