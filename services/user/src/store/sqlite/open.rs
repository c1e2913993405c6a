//! Opens the database file, migrates it and checks that its commits are durable.

use std::{path::Path, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use runtime::private_files;

use super::{SqliteReader, SqliteWriter};
use crate::store::{OpenError, Opened, Tables, Unfit};

/// The number of connections that read.
const READERS: u32 = 4;
/// How long a transaction waits while another process writes. Callers get an answer before they stop waiting.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);
/// The same limit at the start, when no caller waits for an answer yet.
const BUSY_TIMEOUT_AT_START: Duration = Duration::from_secs(5);
/// The pages of the write-ahead log after which SQLite moves them into the database file: 48 MB. A page that changes often is moved once
/// for many changes, so with 12 times SQLite's default a change writes a quarter less.
const PAGES_PER_CHECKPOINT: &str = "12000";

/// Opens the database file, and creates it where it is missing.
pub(in crate::store) async fn open(path: &Path) -> Result<Opened, OpenError> {
    migrate(path).await?;
    let failed = |source| open_error(path, source);
    let options = options(path);
    let writer = SqliteWriter::connect(options.clone()).await;
    let writer = writer.map_err(|error| connect_error(path, error))?;
    let readers = SqlitePoolOptions::new().max_connections(READERS);
    let readers = readers
        .connect_with(options.read_only(true))
        .await
        .map_err(failed)?;
    Ok(Opened {
        writers: vec![Box::new(writer)],
        reader: Arc::new(SqliteReader::new(readers)),
    })
}

/// Creates the file where it is missing, checks it and brings its tables up to date.
pub(in crate::store) async fn migrate(path: &Path) -> Result<(), OpenError> {
    if let Some(folder) = path.parent() {
        private_files::create_folder(folder).map_err(|source| OpenError::Folder {
            path: path.display().to_string(),
            source,
        })?;
    }
    keep_private(path);
    let failed = |source| open_error(path, source);
    let at_start = options(path).busy_timeout(BUSY_TIMEOUT_AT_START);
    let connection = connect(&at_start).await;
    let mut connection = connection.map_err(|error| connect_error(path, error))?;
    // `run` does the same, but its bounds keep the compiler from seeing that its future is `Send`.
    sqlx::migrate!("migrations/sqlite")
        .run_direct(None, &mut connection, false)
        .await?;
    connection.close().await.map_err(failed)
}

/// Lets only the owner read the database. SQLite gives the files beside it the permissions of the database file, so that
/// file is created here: SQLite would create it with the permissions that the umask leaves.
fn keep_private(path: &Path) {
    // If the file cannot be created, opening it fails too, with an error that says why.
    let _ = private_files::create_file(path);
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        let file = Path::new(&file);
        match private_files::close_to_others(file) {
            Ok(false) => {}
            Ok(true) => tracing::warn!(
                file = %file.display(),
                "others could read a file of the database; now only its owner can"
            ),
            Err(error) => tracing::warn!(
                file = %file.display(),
                %error,
                "others may read a file of the database, and its permissions cannot be changed; run as its owner"
            ),
        }
    }
}

/// Checks a file that exists, and whether its tables are up to date.
pub(in crate::store) async fn examine(path: &Path) -> Result<Tables, OpenError> {
    if !path.exists() {
        return Ok(Tables::Absent);
    }
    let failed = |source| open_error(path, source);
    let existing = options(path)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT_AT_START);
    let connection = connect(&existing).await;
    let mut connection = connection.map_err(|error| connect_error(path, error))?;
    let has_tables = "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
    let has_tables: i64 = sqlx::query_scalar(has_tables)
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    let mut applied = Vec::new();
    if has_tables > 0 {
        let versions = sqlx::query_scalar("SELECT version FROM _sqlx_migrations");
        applied = versions.fetch_all(&mut connection).await.map_err(failed)?;
    }
    connection.close().await.map_err(failed)?;
    Ok(Tables::compare(&sqlx::migrate!("migrations/sqlite"), &applied))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        // On macOS a flush ends in the disk's cache, unless these settings let it continue to the disk.
        .pragma("fullfsync", "1")
        .pragma("checkpoint_fullfsync", "1")
        .pragma("wal_autocheckpoint", PAGES_PER_CHECKPOINT)
}

fn open_error(path: &Path, source: sqlx::Error) -> OpenError {
    OpenError::Open {
        is_transient: false,
        database: path.display().to_string(),
        source,
    }
}

/// Why there is no connection over which changes may be accepted.
#[derive(Debug)]
pub(super) enum ConnectError {
    Database(sqlx::Error),
    Unfit(Unfit),
}

impl From<sqlx::Error> for ConnectError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

fn connect_error(path: &Path, error: ConnectError) -> OpenError {
    match error {
        ConnectError::Database(source) => open_error(path, source),
        ConnectError::Unfit(unfit) => unfit.into(),
    }
}

/// The settings that a connection that writes must have. SQLite gives no error where it cannot apply a setting: on a file
/// system without shared memory, for example, there is no write-ahead log. `synchronous` is 2 for FULL.
const NEEDED: [(&str, &str); 5] = [
    ("journal_mode", "wal"),
    ("synchronous", "2"),
    ("fullfsync", "1"),
    ("checkpoint_fullfsync", "1"),
    ("query_only", "0"),
];

/// Opens a connection that writes and reads its settings back. No other process can change them later: they belong to the
/// connection, except the journal mode, which cannot change while a connection uses the file.
pub(super) async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, ConnectError> {
    let mut connection = options.connect().await?;
    for (setting, needed) in NEEDED {
        let found = sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA {setting}")));
        let found = found.fetch_one(&mut connection).await?;
        // Some settings are text and some are numbers.
        let found = match found.try_get_unchecked::<String, _>(0) {
            Ok(text) => text,
            Err(_) => found.try_get_unchecked::<i64, _>(0)?.to_string(),
        };
        if found != needed {
            return Err(ConnectError::Unfit(Unfit::setting(setting, &found, needed)));
        }
    }
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a new file that is opened with these options.
    async fn unfit(change: impl FnOnce(SqliteConnectOptions) -> SqliteConnectOptions) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        match connect(&change(options(&folder.path().join("users.db")))).await {
            Ok(_) => None,
            Err(ConnectError::Unfit(unfit)) => Some(unfit.to_string()),
            Err(ConnectError::Database(error)) => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn a_connection_without_durable_commits_is_refused() {
        assert_eq!(unfit(|options| options).await, None);
        // This one locks without shared memory, as on file systems that have none.
        let found = unfit(|options| options.vfs("unix-none")).await;
        assert!(found.is_some_and(|found| found.contains("journal_mode is delete, but must be wal")));
        let found = unfit(|options| options.synchronous(SqliteSynchronous::Normal)).await;
        assert!(found.is_some_and(|found| found.contains("synchronous is 1, but must be 2")));
        let found = unfit(|options| options.pragma("query_only", "1")).await;
        assert!(found.is_some_and(|found| found.contains("query_only is 1, but must be 0")));
    }
}
