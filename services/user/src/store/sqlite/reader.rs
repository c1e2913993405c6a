//! The connections that read.

use async_trait::async_trait;
use contracts::{FieldDefinitions, UserId};
use sqlx::SqlitePool;

use super::{fields, rows, scan};
use crate::{
    rules::Row,
    store::{Counts, List, Listed, ScanPage, StoreError, UserReader, UserScan, queries::PendingCounts},
    time::now_unix_ms,
};

/// Counts users with a due time, which are dirty or in a late-write window. Its parameter is the current time.
pub(super) const PENDING: &str = "SELECT count(*) FILTER (WHERE pending_since IS NOT NULL) AS pending, \
    count(*) FILTER (WHERE unsettled AND pending_since IS NULL) AS resending, min(pending_since) AS oldest_pending, ?1 AS now \
    FROM users WHERE due_at IS NOT NULL";
/// Counts users with problems, by state and reason.
pub(super) const PROBLEMS: &str = "SELECT state, reason, count(*) AS users, min(user_id) AS example \
    FROM users WHERE state BETWEEN 1 AND 4 GROUP BY state, reason";

/// A pool of connections that read.
pub(super) struct SqliteReader {
    pool: SqlitePool,
}

impl SqliteReader {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl UserReader for SqliteReader {
    async fn find(&self, user_id: &UserId) -> Result<Option<Row>, StoreError> {
        Ok(rows::load(&self.pool, &[user_id]).await?.pop().transpose()?)
    }

    async fn fields(&self) -> Result<Option<FieldDefinitions>, StoreError> {
        fields::read(&self.pool).await
    }

    async fn list(&self, list: &List, limit: usize) -> Result<Vec<Listed>, StoreError> {
        rows::list(&self.pool, list, limit).await
    }

    async fn scan(&self, scan: &UserScan<'_>) -> Result<ScanPage, StoreError> {
        scan::scan(&self.pool, scan).await
    }

    async fn count(&self) -> Result<Counts, StoreError> {
        let pending = sqlx::query_as::<_, PendingCounts>(PENDING).bind(now_unix_ms());
        let pending = pending
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::before_commit)?;
        let problems = sqlx::query_as(PROBLEMS).fetch_all(&self.pool).await;
        Ok(Counts::new(
            &pending,
            problems.map_err(StoreError::before_commit)?,
        ))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
