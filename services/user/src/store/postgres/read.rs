//! Reads beside the writers.

use std::time::Duration;

use async_trait::async_trait;
use contracts::UserId;
use sqlx::PgPool;

use super::{
    error::{before_commit, limited_to},
    rows, walk,
};
use crate::{
    rules::Row,
    store::{Counts, List, Listed, StoreError, UserReader, Walk, Walked, overview::PendingCounts},
};

/// Longer than the server's own limit, so that it speaks first.
pub(super) const COUNTING_LIMIT: Duration = Duration::from_secs(35);
const PENDING: &str = "SELECT count(*) FILTER (WHERE state = 0) AS pending, \
    count(*) FILTER (WHERE unsettled AND state <> 0) AS resending, min(pending_since) AS oldest_pending, \
    (extract(epoch FROM clock_timestamp()) * 1000)::int8 AS now FROM users WHERE due_at IS NOT NULL";
const TROUBLES: &str = "SELECT state, reason, count(*) AS users, min(user_id) AS example \
    FROM users WHERE state BETWEEN 1 AND 4 GROUP BY state, reason";

/// The connections that read.
pub(super) struct PostgresReader {
    pool: PgPool,
    /// Counting may take longer than what callers wait for.
    counting: PgPool,
}

impl PostgresReader {
    pub(super) fn new(pool: PgPool, counting: PgPool) -> Self {
        Self { pool, counting }
    }
}

#[async_trait]
impl UserReader for PostgresReader {
    async fn find(&self, user_id: &UserId) -> Result<Option<Row>, StoreError> {
        Ok(rows::find(&self.pool, user_id).await?.transpose()?)
    }

    async fn list(&self, list: &List, limit: usize) -> Result<Vec<Listed>, StoreError> {
        rows::list(&self.pool, list, limit).await
    }

    async fn walk(&self, walk: &Walk<'_>) -> Result<Walked, StoreError> {
        walk::walk(&self.pool, walk).await
    }

    async fn count(&self) -> Result<Counts, StoreError> {
        let counted = async {
            let pending = sqlx::query_as::<_, PendingCounts>(PENDING);
            let pending = pending.fetch_one(&self.counting).await?;
            let troubles = sqlx::query_as(TROUBLES).fetch_all(&self.counting).await?;
            Ok(Counts::of(&pending, troubles))
        };
        limited_to(COUNTING_LIMIT, counted).await.map_err(before_commit)
    }

    async fn close(&self) {
        self.pool.close().await;
        self.counting.close().await;
    }
}
