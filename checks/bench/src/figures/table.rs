//! The size of the users table, and how its rows were written.

use std::fmt;

use serde::Serialize;
use sqlx::{Connection, FromRow, PgConnection};

/// PostgreSQL's statistics of the table. They can lag by a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromRow)]
pub struct Table {
    /// Bytes of the table itself.
    pub table_bytes: i64,
    /// Bytes of its indexes.
    pub index_bytes: i64,
    /// Row updates since the cluster was created.
    pub updates: i64,
    /// Row updates that changed no index (heap-only tuples).
    pub hot_updates: i64,
    /// Obsolete versions of rows.
    pub dead: i64,
    /// Runs of autovacuum.
    pub vacuums: i64,
    /// Sequential scans of the whole table.
    pub whole_reads: i64,
}

impl Table {
    /// Reads the current statistics.
    pub async fn read(url: &str) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(url).await?;
        let read = sqlx::query_as(
            "SELECT pg_table_size(relid) AS table_bytes, pg_indexes_size(relid) AS index_bytes, n_tup_upd AS updates, \
             n_tup_hot_upd AS hot_updates, n_dead_tup AS dead, autovacuum_count AS vacuums, seq_scan AS whole_reads \
             FROM pg_stat_user_tables WHERE relname = 'users'",
        );
        let table = read.fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(table)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table_bytes,
            index_bytes,
            updates,
            hot_updates,
            dead,
            vacuums,
            whole_reads,
        } = self;
        let mib = |bytes: &i64| bytes / (1024 * 1024);
        write!(
            to,
            "table {} MiB, indexes {} MiB, {updates} updates of which {hot_updates} HOT, {dead} dead, {vacuums} vacuums, \
             read whole {whole_reads} times",
            mib(table_bytes),
            mib(index_bytes)
        )
    }
}
