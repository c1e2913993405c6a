//! Positions in lists of users, and counts of them.

use std::str::FromStr;

use contracts::{ProblemFilter, SyncState, UserId};

use super::{Unreadable, columns::state_number};
use crate::rules::{Row, UnixMs};

/// The states that are trouble.
const TROUBLES: [SyncState; 4] = [
    SyncState::Rejected,
    SyncState::Conflict,
    SyncState::Failed,
    SyncState::NotFound,
];

/// The place of a row, by its columns, for SQL: an older version of this service may have left them behind the row.
pub(super) const PENDING_POSITION: &str = "lane || ':' || due_at || ':' || user_id";
/// The same in the other list.
pub(super) const TROUBLED_POSITION: &str = "state || ':' || reason || ':' || user_id";

/// A list of users, and where to go on in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum List {
    /// Pending users, as they are due.
    Pending {
        /// Only those after it.
        after: PendingPosition,
    },
    /// Troubled users, by state, reason and id.
    Troubled {
        /// Only those after it.
        after: TroubledPosition,
        /// Only those before that state and reason.
        before: (i64, String),
    },
    /// Everybody, by id.
    All {
        /// Only those after it; empty at the beginning.
        after: String,
    },
}

/// The place of a pending user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingPosition {
    pub(super) priority: i64,
    pub(super) due_at: UnixMs,
    pub(super) user_id: String,
}

/// The place of a troubled user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TroubledPosition {
    pub(super) state: i64,
    pub(super) reason: String,
    pub(super) user_id: String,
}

/// What was given is no place in such a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchList {
    /// It goes with another list, or was made up.
    #[error("it does not go on there: a cursor belongs to the list that it came with")]
    Cursor,
    /// Nothing is listed by that state.
    #[error("users are listed as refused, taken, parked or missing")]
    State,
    /// PostgreSQL's text has no such character, and no code of a reason has.
    #[error("the code of a reason has no NUL character")]
    Reason,
    /// A reason stands for something else in each state.
    #[error("a reason goes with a state")]
    ReasonAlone,
}

impl List {
    /// Pending users.
    pub fn pending(after: Option<&str>) -> Result<Self, NoSuchList> {
        let start = PendingPosition {
            priority: -1,
            due_at: 0,
            user_id: String::new(),
        };
        let after = after.map_or(Ok(start), str::parse)?;
        Ok(Self::Pending { after })
    }

    /// Everybody.
    pub fn all(after: Option<&UserId>) -> Self {
        let after = after.map(ToString::to_string).unwrap_or_default();
        Self::All { after }
    }

    /// Troubled users.
    pub fn troubled(which: &ProblemFilter, after: Option<&str>) -> Result<Self, NoSuchList> {
        let state = match which.state {
            Some(state) if TROUBLES.contains(&state) => Some(state_number(state)),
            Some(_) => return Err(NoSuchList::State),
            None if which.reason.is_some() => return Err(NoSuchList::ReasonAlone),
            None => None,
        };
        let reason = which.reason.clone().unwrap_or_default();
        if reason.contains('\0') {
            return Err(NoSuchList::Reason);
        }
        let before = match (state, &which.reason) {
            (None, _) => (state_number(SyncState::Confirmed), String::new()),
            (Some(state), None) => (state + 1, String::new()),
            // Nothing sorts between the two.
            (Some(state), Some(reason)) => (state, format!("{reason}\u{1}")),
        };
        let start = TroubledPosition {
            state: state.unwrap_or_default(),
            reason,
            user_id: String::new(),
        };
        let after = after.map_or(Ok(start), str::parse)?;
        Ok(Self::Troubled { after, before })
    }
}

/// A user of a list.
#[derive(Debug)]
pub struct Listed {
    /// What goes on after it.
    pub position: String,
    /// Its row.
    pub row: Result<Row, Unreadable>,
}

impl FromStr for PendingPosition {
    type Err = NoSuchList;

    fn from_str(text: &str) -> Result<Self, NoSuchList> {
        let (priority, due_at, user_id) = parts(text)?;
        Ok(Self {
            priority: priority.parse().map_err(|_| NoSuchList::Cursor)?,
            due_at: due_at.parse().map_err(|_| NoSuchList::Cursor)?,
            user_id: user_id.to_owned(),
        })
    }
}

impl FromStr for TroubledPosition {
    type Err = NoSuchList;

    fn from_str(text: &str) -> Result<Self, NoSuchList> {
        let (state, reason, user_id) = parts(text)?;
        Ok(Self {
            state: state.parse().map_err(|_| NoSuchList::Cursor)?,
            reason: reason.to_owned(),
            user_id: user_id.to_owned(),
        })
    }
}

/// A reason's code may have colons of its own; the others have none.
fn parts(text: &str) -> Result<(&str, &str, &str), NoSuchList> {
    let (first, rest) = text.split_once(':').ok_or(NoSuchList::Cursor)?;
    let (second, user_id) = rest.rsplit_once(':').ok_or(NoSuchList::Cursor)?;
    user_id.parse::<UserId>().map_err(|_| NoSuchList::Cursor)?;
    // PostgreSQL's text has no such character.
    if second.contains('\0') {
        return Err(NoSuchList::Cursor);
    }
    Ok((first, second, user_id))
}

/// How all users stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Users with a change that is pending.
    pub pending: u64,
    /// Users that owe something, with nothing pending.
    pub resending: u64,
    /// When the oldest pending change was accepted.
    pub oldest_pending: Option<UnixMs>,
    /// The database's clock.
    pub now: UnixMs,
    /// Troubled users, by state and reason.
    pub troubles: Vec<TroubleCount>,
}

/// Users in one state for one reason.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TroubleCount {
    /// See [`state`](Self::state).
    pub(super) state: i64,
    /// The code of the reason; empty where there is none.
    pub reason: String,
    /// How many.
    pub users: i64,
    /// The first of them.
    pub example: String,
}

impl TroubleCount {
    /// The state they are in.
    pub fn state(&self) -> SyncState {
        let found = TROUBLES
            .into_iter()
            .find(|state| state_number(*state) == self.state);
        found.unwrap_or(SyncState::Failed)
    }
}

/// The first part of [`Counts`], as it is selected.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct PendingCounts {
    pub(super) pending: i64,
    pub(super) resending: i64,
    pub(super) oldest_pending: Option<UnixMs>,
    pub(super) now: UnixMs,
}

impl Counts {
    pub(super) fn of(pending: &PendingCounts, troubles: Vec<TroubleCount>) -> Self {
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        Self {
            pending: count(pending.pending),
            resending: count(pending.resending),
            oldest_pending: pending.oldest_pending,
            now: pending.now,
            troubles,
        }
    }
}
