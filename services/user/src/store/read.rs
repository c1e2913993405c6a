//! Reads beside the writer, each of a committed state.

use contracts::UserId;
use sqlx::SqlitePool;

use super::{StoreError, rows};
use crate::rules::Row;

/// Reads users. Clones share the connections.
#[derive(Debug, Clone)]
pub struct UserReader {
    pool: SqlitePool,
}

impl UserReader {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    /// A user's row, if there is such a user.
    pub async fn find(&self, user_id: &UserId) -> Result<Option<Row>, StoreError> {
        Ok(rows::load(&self.pool, [user_id]).await?.pop().transpose()?)
    }

    /// How many users owe HubSpot something.
    pub async fn count_unsettled(&self) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar("SELECT count(*) FROM users WHERE unsettled");
        count
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::before_commit)
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
