//! Lists of users, and the positions at which the next page of a list begins.

use std::str::FromStr;

use contracts::{ProblemFilter, SyncState, UserId};

use super::{super::Unreadable, super::columns::state_number, counts::PROBLEM_STATES};
use crate::rules::{Row, UnixMs};

/// The position of a row in [`List::Pending`], for SQL. It is made of the columns instead of the row, because the
/// columns decide the order, and an older version may have written columns that differ from the row.
pub(in crate::store) const PENDING_POSITION: &str = "lane || ':' || due_at || ':' || user_id";
/// The position of a row in [`List::Problems`], for SQL.
pub(in crate::store) const PROBLEM_POSITION: &str = "state || ':' || reason || ':' || user_id";

/// A list of users, and where its page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum List {
    /// Users with a pending change, in the order in which they are due.
    Pending {
        /// Only users after this position.
        after: PendingPosition,
    },
    /// Users with problems, by state, reason and id.
    Problems {
        /// Only users after this position.
        after: ProblemPosition,
        /// Only users before this state and reason.
        before: (i64, String),
    },
    /// All users, by id.
    All {
        /// Only users after this id; empty for the first page.
        after: String,
    },
}

/// The position of a user in [`List::Pending`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingPosition {
    pub(in crate::store) priority: i64,
    pub(in crate::store) due_at: UnixMs,
    pub(in crate::store) user_id: String,
}

/// The position of a user in [`List::Problems`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemPosition {
    pub(in crate::store) state: i64,
    pub(in crate::store) reason: String,
    pub(in crate::store) user_id: String,
}

/// Why there is no such list, or no such position in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidList {
    /// The cursor came with another list, or was invented.
    #[error(
        "the cursor does not belong to this list; use the `next` that came with the list's previous page"
    )]
    Cursor,
    /// There is no list of users in this state.
    #[error("problems have one of the states rejected, conflict, failed and notFound; name one of them")]
    State,
    /// PostgreSQL's text has no such character, and no code of a reason has.
    #[error("the code of a reason has no NUL character")]
    Reason,
    /// The same reason means something else in each state.
    #[error("a reason needs a state beside it; name the state too")]
    ReasonAlone,
}

impl List {
    /// Users with a pending change.
    pub fn pending(after: Option<&str>) -> Result<Self, InvalidList> {
        let start = PendingPosition {
            priority: -1,
            due_at: 0,
            user_id: String::new(),
        };
        let after = after.map_or(Ok(start), str::parse)?;
        Ok(Self::Pending { after })
    }

    /// All users.
    pub fn all(after: Option<&UserId>) -> Self {
        let after = after.map(ToString::to_string).unwrap_or_default();
        Self::All { after }
    }

    /// Users with problems.
    pub fn problems(filter: &ProblemFilter, after: Option<&str>) -> Result<Self, InvalidList> {
        let state = match filter.state {
            Some(state) if PROBLEM_STATES.contains(&state) => Some(state_number(state)),
            Some(_) => return Err(InvalidList::State),
            None if filter.reason.is_some() => return Err(InvalidList::ReasonAlone),
            None => None,
        };
        let reason = filter.reason.clone().unwrap_or_default();
        if reason.contains('\0') {
            return Err(InvalidList::Reason);
        }
        // The list is the range of the index on (state, reason, user_id) from `start` up to `before`.
        let before = match (state, &filter.reason) {
            (None, _) => (state_number(SyncState::Confirmed), String::new()),
            (Some(state), None) => (state + 1, String::new()),
            // The reason followed by the lowest character: no other reason sorts between the two.
            (Some(state), Some(reason)) => (state, format!("{reason}\u{1}")),
        };
        let start = ProblemPosition {
            state: state.unwrap_or_default(),
            reason,
            user_id: String::new(),
        };
        let after = after.map_or(Ok(start), str::parse)?;
        Ok(Self::Problems { after, before })
    }
}

/// A user of a list.
#[derive(Debug)]
pub struct Listed {
    /// Its position, as a cursor: the next page begins after it.
    pub position: String,
    /// Its row.
    pub row: Result<Row, Unreadable>,
}

impl FromStr for PendingPosition {
    type Err = InvalidList;

    fn from_str(text: &str) -> Result<Self, InvalidList> {
        let (priority, due_at, user_id) = split(text)?;
        Ok(Self {
            priority: priority.parse().map_err(|_| InvalidList::Cursor)?,
            due_at: due_at.parse().map_err(|_| InvalidList::Cursor)?,
            user_id: user_id.to_owned(),
        })
    }
}

impl FromStr for ProblemPosition {
    type Err = InvalidList;

    fn from_str(text: &str) -> Result<Self, InvalidList> {
        let (state, reason, user_id) = split(text)?;
        Ok(Self {
            state: state.parse().map_err(|_| InvalidList::Cursor)?,
            reason: reason.to_owned(),
            user_id: user_id.to_owned(),
        })
    }
}

/// Splits a position at its first and its last colon: the code of a reason may contain colons, numbers and ids do not.
fn split(text: &str) -> Result<(&str, &str, &str), InvalidList> {
    let (first, rest) = text.split_once(':').ok_or(InvalidList::Cursor)?;
    let (second, user_id) = rest.rsplit_once(':').ok_or(InvalidList::Cursor)?;
    user_id.parse::<UserId>().map_err(|_| InvalidList::Cursor)?;
    // PostgreSQL would refuse the statement: its text has no such character.
    if second.contains('\0') {
        return Err(InvalidList::Cursor);
    }
    Ok((first, second, user_id))
}
