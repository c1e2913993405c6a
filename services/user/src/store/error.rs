//! What can go wrong with the database, told apart by what became of the change.

use std::fmt;

use contracts::{InvalidUserId, UserId};
use sqlx::migrate::MigrateError;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened, or the server not be reached.
    #[error("the database {database} cannot be opened: {source}")]
    Open {
        /// Which.
        database: String,
        /// Whether it may be there later: it was not reached, or does not take connections at the moment.
        passes: bool,
        /// Why.
        source: sqlx::Error,
    },
    /// Its folder cannot be made.
    #[error("the folder of the database {path} cannot be made: {source}")]
    Folder {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The tables cannot be brought up to date.
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[from] MigrateError),
    /// The database is set up in a way in which what is accepted could be lost or not be stored.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// Why a connection is not used although the database answers: what is accepted over it could be lost, end up in another
/// row, or not be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A setting has another value than a promise of ours needs.
    #[error("the database cannot be used as it is set: {setting} is {found}, but must be {needed}")]
    Setting {
        /// The setting of the database.
        setting: String,
        /// Its value.
        found: String,
        /// What it must be.
        needed: String,
    },
    /// A connection of ours is not one session of the server.
    #[error(
        "a connection pooler in {mode} mode is between hubsync and the database; it mixes up the sessions of its \
         clients. Set its pool_mode to session, or let USER_DATABASE_URL name the database server itself"
    )]
    Pooler {
        /// How the pooler shares the server's sessions among its clients.
        mode: PoolMode,
    },
}

impl Unfit {
    pub(super) fn setting(setting: &str, found: &str, needed: &str) -> Self {
        Self::Setting {
            setting: setting.to_owned(),
            found: found.to_owned(),
            needed: needed.to_owned(),
        }
    }
}

/// For how long a pooler gives a client the same session of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    /// Until a transaction ends.
    Transaction,
    /// Until a statement ends; it refuses transactions.
    Statement,
}

impl fmt::Display for PoolMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Transaction => "transaction",
            Self::Statement => "statement",
        })
    }
}

/// Why the store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No transaction could begin; nothing changed, and nothing else would fare better.
    #[error("the database takes no transaction: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The connection is not one that changes may be accepted over; nothing changed, and nothing else would fare better.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The statement failed before the commit; nothing changed.
    #[error("the database refused, and nothing changed: {0}")]
    NothingChanged(#[source] sqlx::Error),
    /// The commit itself failed in a way that does not tell whether it holds.
    #[error("the commit failed, and may hold or not: {0}")]
    Unknown(#[source] sqlx::Error),
    /// Another transaction has rows that this one needs, beyond those it began with; nothing changed. Begun again with
    /// them, it waits for them in its turn.
    #[error("another transaction has rows that this one needs")]
    Contended(Vec<UserId>),
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
}

/// Ids as the database holds them.
pub(super) fn parse_ids(ids: Vec<String>) -> Result<Vec<UserId>, StoreError> {
    let parse = |id: String| {
        id.parse().map_err(|error: InvalidUserId| Unreadable {
            user_id: id,
            reason: error.to_string(),
        })
    };
    Ok(ids.into_iter().map(parse).collect::<Result<_, _>>()?)
}
