//! How many users are in which state.

use contracts::SyncState;

use super::super::columns::state_number;
use crate::rules::UnixMs;

/// The states that are problems, in the order of their numbers.
pub(super) const PROBLEM_STATES: [SyncState; 4] = [
    SyncState::Rejected,
    SyncState::Conflict,
    SyncState::Failed,
    SyncState::NotFound,
];

/// The lowest and the highest number of a state that is a problem. SQL names them in its statements.
pub(in crate::store) const MIN_PROBLEM_STATE: i64 = state_number(PROBLEM_STATES[0]);
pub(in crate::store) const MAX_PROBLEM_STATE: i64 = state_number(PROBLEM_STATES[3]);

/// How many users are in which state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Users with a pending change.
    pub pending: u64,
    /// Users with a dirty field and no pending change.
    pub resending: u64,
    /// When the oldest pending change was accepted.
    pub oldest_pending: Option<UnixMs>,
    /// The time of the count, by the database's clock.
    pub now: UnixMs,
    /// Users with problems, by state and reason.
    pub problems: Vec<ProblemTotal>,
}

/// The users in one state for one reason.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ProblemTotal {
    /// The number of the state; see [`ProblemTotal::state`].
    pub(in crate::store) state: i64,
    /// The code of the reason; empty where there is none.
    pub reason: String,
    /// How many users there are.
    pub users: i64,
    /// The one of them whose id sorts first.
    pub example: String,
}

impl ProblemTotal {
    /// The state of these users.
    pub fn state(&self) -> SyncState {
        let found = PROBLEM_STATES
            .into_iter()
            .find(|state| state_number(*state) == self.state);
        found.unwrap_or(SyncState::Failed)
    }
}

/// The first part of [`Counts`], as SQL selects it.
#[derive(Debug, sqlx::FromRow)]
pub(in crate::store) struct PendingCounts {
    pub(in crate::store) pending: i64,
    pub(in crate::store) resending: i64,
    pub(in crate::store) oldest_pending: Option<UnixMs>,
    pub(in crate::store) now: UnixMs,
}

impl Counts {
    pub(in crate::store) fn new(pending: &PendingCounts, problems: Vec<ProblemTotal>) -> Self {
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        Self {
            pending: count(pending.pending),
            resending: count(pending.resending),
            oldest_pending: pending.oldest_pending,
            now: pending.now,
            problems,
        }
    }
}
