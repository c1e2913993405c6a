//! Opens the database, migrates it and checks that its commits are durable.

use std::{path::Path, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{SqliteReader, SqliteWriter};
use crate::store::{OpenError, Opened, Tables, Unfit};

/// How many connections read.
const READERS: u32 = 4;
/// How long a transaction waits for another process that writes: callers are to be told in time that it does.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);
/// At the start nobody waits for an answer yet.
const BUSY_TIMEOUT_AT_START: Duration = Duration::from_secs(5);

/// Opens the database file, making it where it is missing.
pub(in crate::store) async fn open(path: &Path) -> Result<Opened, OpenError> {
    migrate(path).await?;
    let failed = |source| open_error(path, source);
    let options = options(path);
    let connection = options.connect().await.map_err(failed)?;
    let readers = SqlitePoolOptions::new().max_connections(READERS);
    let readers = readers
        .connect_with(options.clone().read_only(true))
        .await
        .map_err(failed)?;
    Ok(Opened {
        writers: vec![Box::new(SqliteWriter::new(connection, options))],
        reader: Arc::new(SqliteReader::new(readers)),
    })
}

/// Makes the file where it is missing, checks it and brings its tables up to date.
pub(in crate::store) async fn migrate(path: &Path) -> Result<(), OpenError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|source| OpenError::Folder {
            path: path.display().to_string(),
            source,
        })?;
    }
    let failed = |source| open_error(path, source);
    let patient = options(path).busy_timeout(BUSY_TIMEOUT_AT_START);
    let mut connection = patient.connect().await.map_err(failed)?;
    check_durable(&mut connection, failed).await?;
    // Not `run`: its bounds keep the compiler from seeing that a task may run the future.
    sqlx::migrate!("migrations/sqlite")
        .run_direct(None, &mut connection, false)
        .await?;
    connection.close().await.map_err(failed)
}

/// Checks a file that is there, and how its tables stand.
pub(in crate::store) async fn examine(path: &Path) -> Result<Tables, OpenError> {
    if !path.exists() {
        return Ok(Tables::Absent);
    }
    let failed = |source| open_error(path, source);
    let existing = options(path)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT_AT_START);
    let mut connection = existing.connect().await.map_err(failed)?;
    check_durable(&mut connection, failed).await?;
    let has_tables = "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
    let has_tables: i64 = sqlx::query_scalar(has_tables)
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    let mut made = Vec::new();
    if has_tables > 0 {
        let versions = sqlx::query_scalar("SELECT version FROM _sqlx_migrations");
        made = versions.fetch_all(&mut connection).await.map_err(failed)?;
    }
    connection.close().await.map_err(failed)?;
    Ok(Tables::of(&sqlx::migrate!("migrations/sqlite"), &made))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
}

fn open_error(path: &Path, source: sqlx::Error) -> OpenError {
    OpenError::Open {
        passes: false,
        database: path.display().to_string(),
        source,
    }
}

async fn check_durable(
    connection: &mut SqliteConnection,
    open_error: impl Fn(sqlx::Error) -> OpenError,
) -> Result<(), OpenError> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await
        .map_err(&open_error)?;
    if mode != "wal" {
        return Err(Unfit::setting("journal_mode", &mode, "wal").into());
    }
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
        .fetch_one(connection)
        .await
        .map_err(open_error)?;
    if synchronous < 2 {
        return Err(Unfit::setting("synchronous", &synchronous.to_string(), "2 (FULL)").into());
    }
    Ok(())
}
