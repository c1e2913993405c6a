//! A scan over all users in the order of their ids, one page at a time.

use contracts::UserId;

use super::super::{LoadedRows, Unreadable};
use crate::rules::Row;

/// A page reads at most this many rows, so that it returns soon where few users match the filter. Its `next` then leads
/// to the rows after them.
const MAX_ROWS_READ: usize = 5_000;

/// A request for one page of a scan.
#[derive(Debug, Clone, Copy)]
pub struct UserScan<'a> {
    /// Only users after this one.
    pub after: Option<&'a UserId>,
    /// Which users the page contains.
    pub filter: ScanFilter,
    /// The page contains at most this many users.
    pub limit: usize,
}

/// Which users a scan returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanFilter {
    /// Users linked to a contact.
    Linked,
    /// Users with a dirty field.
    Dirty,
}

/// A page of a scan.
#[derive(Debug)]
pub struct ScanPage {
    /// The users, by id.
    pub rows: LoadedRows,
    /// The user after whom the next page begins; none after the last page. An empty page is not always the last one.
    pub next: Option<UserId>,
}

/// The rows that a page's statement returned: those that match the filter, among the rows that the page reads.
pub(in crate::store) enum ScannedRows {
    /// More rows matched than the page may contain.
    FullPage(ScanPage),
    /// The page contains every match. Whether there are rows after those it read has to be asked.
    AllMatches(LoadedRows),
}

impl UserScan<'_> {
    /// The id after which the page begins, for SQL. Every id sorts after the empty text.
    pub(in crate::store) fn after(&self) -> &str {
        self.after.map_or("", UserId::as_str)
    }

    /// How many rows the page reads.
    pub(in crate::store) fn max_rows_read(&self) -> usize {
        MAX_ROWS_READ.max(self.limit)
    }

    /// How many matching rows the statement returns at most. One more than the page contains tells that it is full.
    pub(in crate::store) fn max_matches(&self) -> usize {
        self.limit + 1
    }

    /// Sorts out what a statement with at most [`max_matches`](Self::max_matches) rows returned.
    pub(in crate::store) fn sort_out(&self, mut rows: LoadedRows) -> ScannedRows {
        if rows.len() <= self.limit {
            return ScannedRows::AllMatches(rows);
        }
        rows.truncate(self.limit);
        let next = rows.last().and_then(|last| id_of(last).parse().ok());
        ScannedRows::FullPage(ScanPage { rows, next })
    }
}

fn id_of(row: &Result<Row, Unreadable>) -> &str {
    match row {
        Ok(row) => row.user_id.as_str(),
        Err(unreadable) => unreadable.user_id.as_str(),
    }
}

impl ScanFilter {
    /// The condition, for SQL.
    pub(in crate::store) fn condition(self) -> &'static str {
        match self {
            Self::Linked => "contact_id IS NOT NULL",
            Self::Dirty => "unsettled",
        }
    }
}

impl ScanPage {
    /// A page with every match among the rows that it read. `last_read` is the last of these rows where the page read as
    /// many as it may; otherwise it reached the last user.
    pub(in crate::store) fn with_all_matches(rows: LoadedRows, last_read: Option<&str>) -> Self {
        let next = last_read.and_then(|id| id.parse().ok());
        Self { rows, next }
    }
}
