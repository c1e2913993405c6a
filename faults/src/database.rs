//! The user database, as another process meets it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

/// The service commits all the time; between two commits there is room.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);
const BETWEEN_TWO: Duration = Duration::from_millis(50);

async fn connect(database: &Path) -> sqlx::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(database);
    options.busy_timeout(BUSY_TIMEOUT).connect().await
}

/// Keeps everybody else from writing for so long.
pub async fn lock(database: &Path, lasts: Duration) -> sqlx::Result<()> {
    let mut connection = connect(database).await?;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
    tokio::time::sleep(lasts).await;
    sqlx::query("ROLLBACK").execute(&mut connection).await?;
    connection.close().await
}

/// Ends the lease again and again for so long, whatever its holder believes: whoever asks first gets it.
pub async fn free_lease(database: &Path, lasts: Duration) -> sqlx::Result<()> {
    let mut connection = connect(database).await?;
    let deadline = Instant::now() + lasts;
    while Instant::now() < deadline {
        sqlx::query("UPDATE lease SET expires_at = 0")
            .execute(&mut connection)
            .await?;
        tokio::time::sleep(BETWEEN_TWO).await;
    }
    connection.close().await
}

/// Empties the write-ahead log, so that the next commit needs room on the disk.
pub async fn empty_log(database: &Path) -> sqlx::Result<()> {
    let mut connection = connect(database).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut connection)
        .await?;
    connection.close().await
}
