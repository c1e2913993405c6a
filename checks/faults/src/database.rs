//! The user database, as another process meets it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use user::store::Database;

/// The service commits all the time; between two commits there is room.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);
const BETWEEN_TWO: Duration = Duration::from_millis(50);

/// Somebody else's connection.
enum Beside {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Beside {
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

/// Keeps everybody else from writing for so long.
pub async fn lock(database: &Database, lasts: Duration) -> sqlx::Result<()> {
    let mut beside = Beside::connect(database).await?;
    let lock = "BEGIN; LOCK TABLE users, lease IN EXCLUSIVE MODE";
    beside.execute("BEGIN IMMEDIATE", lock).await?;
    tokio::time::sleep(lasts).await;
    beside.execute("ROLLBACK", "ROLLBACK").await?;
    beside.close().await
}

/// Ends the lease again and again for so long, whatever its holder believes: whoever asks first gets it.
pub async fn free_lease(database: &Database, lasts: Duration) -> sqlx::Result<()> {
    let mut beside = Beside::connect(database).await?;
    let deadline = Instant::now() + lasts;
    let free = "UPDATE lease SET expires_at = 0";
    while Instant::now() < deadline {
        beside.execute(free, free).await?;
        tokio::time::sleep(BETWEEN_TWO).await;
    }
    beside.close().await
}

/// Empties the write-ahead log, so that the next commit needs room on the disk.
pub async fn empty_log(database: &Path) -> sqlx::Result<()> {
    let mut connection = connect(database).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut connection)
        .await?;
    connection.close().await
}
