//! Walking through all users in the order of their ids, a page at a time.

use contracts::UserId;

use super::Unreadable;
use crate::rules::Row;

/// A page looks at no more rows than this, so that it is soon read where hardly anybody is wanted.
const LONGEST: usize = 5_000;

/// A page of a walk.
#[derive(Debug, Clone, Copy)]
pub struct UserScan<'a> {
    /// Only users after this one.
    pub after: Option<&'a UserId>,
    /// Which of them.
    pub filter: ScanFilter,
    /// The most users.
    pub limit: usize,
}

/// Who is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanFilter {
    /// Those that have a contact.
    Linked,
    /// Those that owe something.
    Dirty,
}

/// What a page of a walk met.
#[derive(Debug)]
pub struct ScanPage {
    /// The users, in order.
    pub rows: Vec<Result<Row, Unreadable>>,
    /// Where the next page begins; none at the end. A page may be empty and not the last one.
    pub next: Option<UserId>,
}

impl UserScan<'_> {
    /// After whom, for SQL: every id sorts behind the empty text.
    pub(super) fn after(&self) -> &str {
        self.after.map_or("", UserId::as_str)
    }

    /// How many rows it looks at.
    pub(super) fn stretch(&self) -> usize {
        LONGEST.max(self.limit)
    }

    /// The page of the rows that were found, one more than the limit where there are so many.
    pub(super) fn cut(&self, mut rows: Vec<Result<Row, Unreadable>>) -> Cut {
        if rows.len() <= self.limit {
            return Cut::Stretch(rows);
        }
        rows.truncate(self.limit);
        let last = rows.last().map(|row| match row {
            Ok(row) => row.user_id.as_str(),
            Err(unreadable) => unreadable.user_id.as_str(),
        });
        let next = last.and_then(|last| last.parse().ok());
        Cut::Page(ScanPage { rows, next })
    }
}

/// What the rows that were found come to.
pub(super) enum Cut {
    /// A full page.
    Page(ScanPage),
    /// All of the stretch; whether there is more is to be asked.
    Stretch(Vec<Result<Row, Unreadable>>),
}

impl ScanFilter {
    /// The condition, for SQL.
    pub(super) fn condition(self) -> &'static str {
        match self {
            Self::Linked => "contact_id IS NOT NULL",
            Self::Dirty => "unsettled",
        }
    }
}

impl ScanPage {
    /// All of a stretch that ends with that user, or with the last of all.
    pub(super) fn stretch(rows: Vec<Result<Row, Unreadable>>, end: Option<&str>) -> Self {
        let next = end.and_then(|end| end.parse().ok());
        Self { rows, next }
    }
}
