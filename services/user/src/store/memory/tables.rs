//! Rows in memory with the indexes that the databases have too.

use std::{collections::BTreeMap, sync::Arc};

use contracts::{PerField, UserId, WriteTarget};

use super::index::Index;
use crate::{
    rules::{Row, UnixMs},
    store::{
        Unreadable,
        columns::Columns,
        queries::{MAX_PROBLEM_STATE, MIN_PROBLEM_STATE},
    },
};

/// A row in the form in which it is stored.
#[derive(Debug, Clone)]
pub(super) struct StoredRow {
    pub(super) columns: Columns,
    content: Content,
}

/// What the columns do not hold.
#[derive(Debug, Clone)]
enum Content {
    /// The JSON of [`Columns`], as databases store it.
    Json,
    /// The row itself; the JSON is left out.
    Decoded(Arc<Row>),
}

impl StoredRow {
    pub(super) fn encode(row: &Row) -> Self {
        Self {
            columns: Columns::of(row),
            content: Content::Json,
        }
    }

    /// Keeps the row as it is.
    pub(super) fn keep(row: &Row) -> Self {
        Self {
            columns: Columns::without_json(row),
            content: Content::Decoded(Arc::new(row.clone())),
        }
    }

    pub(super) fn decode(&self) -> Result<Row, Unreadable> {
        match &self.content {
            Content::Json => self.columns.clone().into_row(PerField::default()),
            Content::Decoded(row) => Ok(Row::clone(row)),
        }
    }

    /// The same as [`decode`](Self::decode), without a copy if the row is kept decoded.
    pub(super) fn shared(&self) -> Result<Arc<Row>, Unreadable> {
        match &self.content {
            Content::Json => self.decode().map(Arc::new),
            Content::Decoded(row) => Ok(Arc::clone(row)),
        }
    }
}

/// Rows and their indexes. What is committed is one of these; what an open transaction has written is another.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) rows: BTreeMap<UserId, StoredRow>,
    /// By priority and time.
    pub(super) due: Index<(i64, UnixMs)>,
    /// By time.
    pub(super) rechecks: Index<UnixMs>,
    /// By the epoch of the open attempt.
    pub(super) open_attempts: Index<i64>,
    /// By account and contact.
    pub(super) contacts: Index<(String, String)>,
    /// By state and reason.
    pub(super) problems: Index<(i64, String)>,
    /// Until when HubSpot may apply a call of a user to a target.
    pub(super) late_writes: BTreeMap<(WriteTarget, UserId), UnixMs>,
}

impl Tables {
    /// Inserts a row, or replaces the one of the same user.
    pub(super) fn put(&mut self, user_id: UserId, stored: StoredRow) {
        if let Some(former) = self.rows.get(&user_id) {
            let keys = Keys::of(&former.columns);
            self.due.remove(keys.due, &user_id);
            self.rechecks.remove(keys.recheck, &user_id);
            self.open_attempts.remove(keys.open_attempt, &user_id);
            self.contacts.remove(keys.contact, &user_id);
            self.problems.remove(keys.problem, &user_id);
        }
        let keys = Keys::of(&stored.columns);
        self.due.insert(keys.due, &user_id);
        self.rechecks.insert(keys.recheck, &user_id);
        self.open_attempts.insert(keys.open_attempt, &user_id);
        self.contacts.insert(keys.contact, &user_id);
        self.problems.insert(keys.problem, &user_id);
        self.rows.insert(user_id, stored);
    }

    /// Replaces the JSON of a row by one that this version does not know.
    pub(super) fn make_unreadable(&mut self, user_id: &UserId) {
        if let Some(stored) = self.rows.get_mut(user_id) {
            r#"{"of":"another version"}"#.clone_into(&mut stored.columns.row_json);
            stored.content = Content::Json;
        }
    }
}

/// The keys of a row in each index.
struct Keys {
    due: Option<(i64, UnixMs)>,
    recheck: Option<UnixMs>,
    open_attempt: Option<i64>,
    contact: Option<(String, String)>,
    problem: Option<(i64, String)>,
}

impl Keys {
    fn of(columns: &Columns) -> Self {
        let is_problem = (MIN_PROBLEM_STATE..=MAX_PROBLEM_STATE).contains(&columns.state);
        Self {
            due: columns.due_at.map(|due_at| (columns.priority, due_at)),
            recheck: columns.recheck_at,
            open_attempt: columns.open_epoch,
            contact: columns.account_id.clone().zip(columns.contact_id.clone()),
            problem: is_problem.then(|| (columns.state, columns.reason.clone())),
        }
    }
}
