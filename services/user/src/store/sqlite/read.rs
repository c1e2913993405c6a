//! Reads beside the writer.

use async_trait::async_trait;
use contracts::UserId;
use sqlx::SqlitePool;

use super::rows;
use crate::{
    rules::Row,
    store::{StoreError, UserReader},
};

/// The connections that read.
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

    async fn count_unsettled(&self) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar("SELECT count(*) FROM users WHERE unsettled");
        count
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::before_commit)
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
