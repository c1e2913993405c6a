//! Reads while the writers write.

use std::time::Duration;

use async_trait::async_trait;
use contracts::{FieldDefinitions, UserId};

use super::{
    error::{before_commit, limited_to},
    fields, rows, scan,
    session::ReadingSessions,
};
use crate::{
    rules::Row,
    store::{Counts, List, Listed, ScanPage, StoreError, UserReader, UserScan, queries::PendingCounts},
};

/// How long counting may take. It is longer than the server's own limit, so that the server's error comes first.
pub(super) const COUNTING_LIMIT: Duration = Duration::from_secs(35);
const PENDING: &str = "SELECT count(*) FILTER (WHERE pending_since IS NOT NULL) AS pending, \
    count(*) FILTER (WHERE unsettled AND pending_since IS NULL) AS resending, min(pending_since) AS oldest_pending, \
    (extract(epoch FROM clock_timestamp()) * 1000)::int8 AS now FROM users WHERE due_at IS NOT NULL";
const PROBLEMS: &str = "SELECT state, reason, count(*) AS users, min(user_id) AS example \
    FROM users WHERE state BETWEEN 1 AND 4 GROUP BY state, reason";

/// The sessions that read.
pub(super) struct PostgresReader {
    sessions: ReadingSessions,
    /// Counting has a session of its own, because it may take longer than other reads.
    counting: ReadingSessions,
}

impl PostgresReader {
    pub(super) fn new(sessions: ReadingSessions, counting: ReadingSessions) -> Self {
        Self { sessions, counting }
    }
}

#[async_trait]
impl UserReader for PostgresReader {
    async fn find(&self, user_id: &UserId) -> Result<Option<Row>, StoreError> {
        let mut reading = self.sessions.begin().await?;
        let row = rows::find(reading.connection(), user_id).await?;
        reading.end();
        Ok(row.transpose()?)
    }

    async fn fields(&self) -> Result<Option<FieldDefinitions>, StoreError> {
        let mut reading = self.sessions.begin().await?;
        let found = fields::read(reading.connection()).await?;
        reading.end();
        Ok(found)
    }

    async fn list(&self, list: &List, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let mut reading = self.sessions.begin().await?;
        let listed = rows::list(reading.connection(), list, limit).await?;
        reading.end();
        Ok(listed)
    }

    async fn scan(&self, scan: &UserScan<'_>) -> Result<ScanPage, StoreError> {
        let mut reading = self.sessions.begin().await?;
        let page = scan::scan(reading.connection(), scan).await?;
        reading.end();
        Ok(page)
    }

    async fn count(&self) -> Result<Counts, StoreError> {
        let mut reading = self.counting.begin().await?;
        let connection = reading.connection();
        let counted = async {
            let pending = sqlx::query_as::<_, PendingCounts>(PENDING);
            let pending = pending.fetch_one(&mut *connection).await?;
            let problems = sqlx::query_as(PROBLEMS).fetch_all(&mut *connection).await?;
            Ok(Counts::new(&pending, problems))
        };
        let counts = limited_to(COUNTING_LIMIT, counted).await.map_err(before_commit)?;
        reading.end();
        Ok(counts)
    }

    async fn close(&self) {
        self.sessions.close().await;
        self.counting.close().await;
    }
}
