//! What can go wrong with the database, told apart by what became of the change.

use sqlx::error::DatabaseError;

/// Why the store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No transaction could begin; nothing changed, and nothing else would fare better.
    #[error("the database takes no transaction: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The statement failed before the commit; nothing changed.
    #[error("the database refused, and nothing changed: {0}")]
    NothingChanged(#[source] sqlx::Error),
    /// The commit itself failed in a way that does not tell whether it holds.
    #[error("the commit failed, and may hold or not: {0}")]
    Unknown(#[source] sqlx::Error),
    /// A row holds what this version cannot read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// A row that holds what this version cannot read: another version wrote it, or a hand did.
#[derive(Debug, thiserror::Error)]
#[error("the row of user {user_id} cannot be read: {reason}")]
pub struct Unreadable {
    /// Whose row.
    pub user_id: String,
    /// What is wrong with it; no personal data.
    pub reason: String,
}

impl StoreError {
    /// An error of a statement inside a transaction, or of a read.
    pub(super) fn before_commit(error: sqlx::Error) -> Self {
        Self::NothingChanged(error)
    }

    /// An error of the commit. SQLite says by its code where nothing was written.
    pub(super) fn at_commit(error: sqlx::Error) -> Self {
        const BUSY: &str = "5";
        const FULL: &str = "13";
        const READ_ONLY: &str = "8";
        let code = error.as_database_error().and_then(DatabaseError::code);
        match code.as_deref() {
            Some(BUSY | FULL | READ_ONLY) => Self::NothingChanged(error),
            _ => Self::Unknown(error),
        }
    }
}
