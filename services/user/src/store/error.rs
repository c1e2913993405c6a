//! Errors of the store. Each kind of error says what became of the change.

use std::{error::Error, fmt};

use contracts::{InvalidUserId, UserId};
use sqlx::migrate::MigrateError;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened, or the server cannot be reached.
    #[error("the database {database} cannot be opened: {source}")]
    Open {
        /// The path of the file, or the name of the database and its server.
        database: String,
        /// Whether another try can help: the server was not reached, or takes no connections at the moment.
        is_transient: bool,
        /// The error of the database or of the network.
        source: sqlx::Error,
    },
    /// The folder of the file cannot be created.
    #[error("the folder of the database {path} cannot be created: {source}")]
    Folder {
        /// The path of the file.
        path: String,
        /// The error of the file system.
        source: std::io::Error,
    },
    /// The tables cannot be brought up to date.
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[from] MigrateError),
    /// The database has settings with which accepted changes could be lost, or not be stored at all.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// Why a connection is not used although the database answers. A change accepted over it could be lost, be written to
/// another row, or not be stored at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A setting has another value than durable commits need.
    #[error("the database cannot be used as it is set: {setting} is {found}, but must be {needed}")]
    Setting {
        /// The setting of the database.
        setting: String,
        /// Its value.
        found: String,
        /// The value that it must have.
        needed: String,
    },
    /// The connection changes between sessions of the server.
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
    /// Until a statement ends. A pooler in this mode refuses transactions.
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

/// The error that the database itself gave: of `sqlx`, or of the store in memory.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No transaction could begin. Nothing changed, and other transactions would fail as well.
    #[error("the database cannot begin a transaction: {0}")]
    Unavailable(#[source] Cause),
    /// Changes must not be accepted over this connection. Nothing changed, and other transactions would fail as well.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// A statement failed before the commit, or the database rolled the commit back. Nothing changed.
    #[error("the database rejected a statement, and nothing changed: {0}")]
    NothingChanged(#[source] Cause),
    /// The commit failed, and its error does not say whether the changes were stored.
    #[error("the commit failed, and the changes may or may not be stored: {0}")]
    Unknown(#[source] Cause),
    /// Another transaction holds rows of these users, and this transaction was rolled back. The caller begins again
    /// with these users, so that the rows are locked at the beginning.
    #[error("another transaction has rows that this one needs")]
    Contended(Vec<UserId>),
    /// This version cannot read a row.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// This version cannot read the set of fields: a later version of hubsync, or a person, stored it.
    #[error("revision {revision} of the set of fields cannot be read by this version: {error}")]
    UnreadableFields {
        /// The revision of the set of fields that is stored.
        revision: i64,
        /// What is wrong with it.
        error: String,
    },
}

impl StoreError {
    /// No transaction could begin.
    pub(super) fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// A statement inside a transaction failed, or a read did.
    pub(super) fn before_commit(cause: impl Into<Cause>) -> Self {
        Self::NothingChanged(cause.into())
    }

    /// The commit failed without saying whether it holds.
    pub(super) fn unknown(cause: impl Into<Cause>) -> Self {
        Self::Unknown(cause.into())
    }
}

/// This version cannot read a row: another version of hubsync, or a person, wrote it.
#[derive(Debug, thiserror::Error)]
#[error("the row of user {user_id} cannot be read: {reason}")]
pub struct Unreadable {
    /// The user of the row, as the database holds the id.
    pub user_id: String,
    /// What is wrong with the row, without personal data.
    pub reason: String,
}

/// Parses ids as the database holds them.
pub(super) fn parse_ids(ids: Vec<String>) -> Result<Vec<UserId>, StoreError> {
    let parse = |id: String| {
        id.parse().map_err(|error: InvalidUserId| Unreadable {
            user_id: id,
            reason: error.to_string(),
        })
    };
    Ok(ids.into_iter().map(parse).collect::<Result<_, _>>()?)
}
