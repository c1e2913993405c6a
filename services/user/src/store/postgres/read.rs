//! Reads beside the writers.

use async_trait::async_trait;
use contracts::UserId;
use sqlx::PgPool;

use super::{
    error::{before_commit, limited},
    rows,
};
use crate::{
    rules::Row,
    store::{StoreError, UserReader},
};

/// The connections that read.
pub(super) struct PostgresReader {
    pool: PgPool,
}

impl PostgresReader {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl UserReader for PostgresReader {
    async fn find(&self, user_id: &UserId) -> Result<Option<Row>, StoreError> {
        Ok(rows::find(&self.pool, user_id).await?.transpose()?)
    }

    async fn count_unsettled(&self) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar("SELECT count(*) FROM users WHERE unsettled");
        limited(count.fetch_one(&self.pool)).await.map_err(before_commit)
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
