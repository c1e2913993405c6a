//! Locks and changes the user database as another process would.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use user::store::Database;

/// The service commits all the time, so a lock is free between two commits.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);
const UPDATE_INTERVAL: Duration = Duration::from_millis(50);

/// A connection that does not belong to the user service.
enum OtherConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl OtherConnection {
    async fn connect(database: &Database) -> sqlx::Result<Self> {
        match database {
            Database::Sqlite(path) => connect(path).await.map(Self::Sqlite),
            Database::Postgres(server) => PgConnection::connect_with(&server.connect)
                .await
                .map(Self::Postgres),
        }
    }

    async fn execute(&mut self, sqlite: &'static str, postgres: &'static str) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(sqlite).execute(connection).await.map(drop),
            Self::Postgres(connection) => sqlx::raw_sql(postgres).execute(connection).await.map(drop),
        }
    }

    async fn close(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
    }
}

async fn connect(database: &Path) -> sqlx::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(database);
    options.busy_timeout(BUSY_TIMEOUT).connect().await
}

/// Blocks all other writers for this time.
pub async fn lock(database: &Database, duration: Duration) -> sqlx::Result<()> {
    let mut connection = OtherConnection::connect(database).await?;
    let lock = "BEGIN; LOCK TABLE users, lease IN EXCLUSIVE MODE";
    connection.execute("BEGIN IMMEDIATE", lock).await?;
    tokio::time::sleep(duration).await;
    connection.execute("ROLLBACK", "ROLLBACK").await?;
    connection.close().await
}

/// Makes the lease expire again and again for this time, so that the next worker that asks gets it although its holder
/// believes that it has it.
pub async fn free_lease(database: &Database, duration: Duration) -> sqlx::Result<()> {
    let mut connection = OtherConnection::connect(database).await?;
    let deadline = Instant::now() + duration;
    let free = "UPDATE lease SET expires_at = 0";
    while Instant::now() < deadline {
        connection.execute(free, free).await?;
        tokio::time::sleep(UPDATE_INTERVAL).await;
    }
    connection.close().await
}

/// Truncates the write-ahead log, so that the next commit needs space on the disk.
pub async fn empty_log(database: &Path) -> sqlx::Result<()> {
    let mut connection = connect(database).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut connection)
        .await?;
    connection.close().await
}
