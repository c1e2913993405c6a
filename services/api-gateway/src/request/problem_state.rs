//! The states of users with problems, by which users are listed and retried.

use std::str::FromStr;

use contracts::SyncState;

/// A state in which a user has a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProblemState(pub(crate) SyncState);

impl FromStr for ProblemState {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "rejected" => Ok(Self(SyncState::Rejected)),
            "conflict" => Ok(Self(SyncState::Conflict)),
            "failed" => Ok(Self(SyncState::Failed)),
            "notFound" => Ok(Self(SyncState::NotFound)),
            _ => Err("must be rejected, conflict, failed or notFound"),
        }
    }
}
