//! One transaction of the writing connection.

use async_trait::async_trait;
use contracts::{Priority, UserId};
use sqlx::{
    Connection, SqliteConnection,
    error::DatabaseError,
    sqlite::{SqliteArguments, SqliteConnectOptions},
};

use super::{
    open::{ConnectError, connect},
    rows,
};
use crate::{
    rules::{Lease, Row, RuleTiming, UnixMs},
    store::{
        Found, StoreError, Transaction, UserWriter,
        columns::{LeaseColumns, integer, priority_number},
        error::parse_ids,
    },
    time::Clock,
};

/// By lane, now, the furthest a rule looks ahead, and the most.
const DUE: &str = "SELECT user_id FROM (SELECT user_id FROM users WHERE due_at IS NOT NULL AND lane = ?1 \
    AND due_at <= ?2 ORDER BY due_at LIMIT ?4) \
    UNION ALL SELECT user_id FROM (SELECT user_id FROM users WHERE due_at IS NOT NULL \
    AND lane = ?1 AND due_at > ?3 LIMIT ?4) LIMIT ?4";
/// By now, the furthest a recheck lies ahead, and the most.
const RECHECKS: &str = "SELECT user_id FROM (SELECT user_id FROM users WHERE recheck_at IS NOT NULL \
    AND recheck_at <= ?1 ORDER BY recheck_at LIMIT ?3) \
    UNION ALL SELECT user_id FROM (SELECT user_id FROM users WHERE recheck_at IS NOT NULL \
    AND recheck_at > ?2 LIMIT ?3) LIMIT ?3";
/// By epoch and the most.
const LEFT_OPEN: &str = "SELECT user_id FROM users WHERE open_epoch IS NOT NULL AND open_epoch < ?1 LIMIT ?2";
/// By now and the most. Both lanes are named, so that only what lies ahead is read from the index.
const ANNOUNCED: &str = "SELECT user_id FROM users WHERE due_at IS NOT NULL AND lane IN (0, 1) AND due_at > ?1 \
    AND unsettled AND open_epoch IS NULL AND ledger ->> 'failures' IS NULL \
    AND ledger ->> 'wakeAt' > ?1 LIMIT ?2";
/// By the new times and the users; what has no time gets none.
const PUT_OFF: &str = "UPDATE users SET due_at = iif(due_at IS NULL, NULL, ?1), \
    recheck_at = iif(recheck_at IS NULL, NULL, ?2) WHERE user_id IN (SELECT value FROM json_each(?3))";
/// By account and contact.
const LINKED_TO: &str = "SELECT user_id FROM users WHERE account_id = ?1 AND contact_id = ?2";

/// The connection that writes.
#[derive(Debug)]
pub(super) struct SqliteWriter {
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
    clock: Clock,
}

impl SqliteWriter {
    pub(super) async fn connect(options: SqliteConnectOptions) -> Result<Self, ConnectError> {
        Ok(Self {
            connection: Some(connect(&options).await?),
            options,
            clock: Clock::default(),
        })
    }
}

#[async_trait]
impl UserWriter for SqliteWriter {
    async fn begin(&mut self, users: &[&UserId]) -> Result<(Box<dyn Transaction + '_>, Found), StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.options).await.map_err(|error| match error {
                ConnectError::Database(error) => StoreError::Unavailable(error),
                ConnectError::Unfit(unfit) => StoreError::Unfit(unfit),
            })?,
        };
        let connection = self.connection.insert(connection);
        // From here on no other process writes.
        let begun = connection.begin_with("BEGIN IMMEDIATE").await;
        let mut transaction = SqliteTransaction {
            inner: begun.map_err(StoreError::Unavailable)?,
            now: self.clock.now(),
        };
        let found = rows::load(&mut *transaction.inner, users).await?;
        Ok((Box::new(transaction), found))
    }

    fn forget_connection(&mut self) {
        self.connection = None;
    }

    fn go_by(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Moves the log into the database.
    async fn close(self: Box<Self>) -> Result<(), StoreError> {
        match self.connection {
            Some(connection) => connection.close().await.map_err(StoreError::before_commit),
            None => Ok(()),
        }
    }
}

/// Nobody else writes while it lasts, so that nothing is ever contended.
struct SqliteTransaction<'a> {
    inner: sqlx::Transaction<'a, sqlx::Sqlite>,
    now: UnixMs,
}

#[async_trait]
impl Transaction for SqliteTransaction<'_> {
    fn now(&self) -> UnixMs {
        self.now
    }

    async fn load(&mut self, users: &[&UserId]) -> Result<Found, StoreError> {
        rows::load(&mut *self.inner, users).await
    }

    async fn put_off(&mut self, users: &[UserId], terms: &RuleTiming) -> Result<(), StoreError> {
        let ids = serde_json::to_string(users).expect("ids are text");
        let put_off = sqlx::query(PUT_OFF).bind(self.now + terms.horizon());
        let put_off = put_off.bind(self.now + RuleTiming::recheck_horizon()).bind(ids);
        let done = put_off.execute(&mut *self.inner).await;
        done.map(|_| ()).map_err(StoreError::before_commit)
    }

    async fn save(&mut self, rows: &[&Row]) -> Result<(), StoreError> {
        rows::save(&mut self.inner, rows).await
    }

    async fn due(
        &mut self,
        priority: Priority,
        terms: &RuleTiming,
        limit: usize,
    ) -> Result<Vec<UserId>, StoreError> {
        let query = sqlx::query_scalar(DUE)
            .bind(priority_number(priority))
            .bind(self.now);
        self.ids(query.bind(self.now + terms.horizon()).bind(integer(limit as u64)))
            .await
    }

    async fn rechecks(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let query = sqlx::query_scalar(RECHECKS)
            .bind(self.now)
            .bind(self.now + RuleTiming::recheck_horizon());
        self.ids(query.bind(integer(limit as u64))).await
    }

    async fn left_open(&mut self, epoch: u64, limit: usize) -> Result<Vec<UserId>, StoreError> {
        self.ids(
            sqlx::query_scalar(LEFT_OPEN)
                .bind(integer(epoch))
                .bind(integer(limit as u64)),
        )
        .await
    }

    async fn announced(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError> {
        self.ids(
            sqlx::query_scalar(ANNOUNCED)
                .bind(self.now)
                .bind(integer(limit as u64)),
        )
        .await
    }

    async fn linked_to(&mut self, account: &str, contact: &str) -> Result<Vec<UserId>, StoreError> {
        self.ids(
            sqlx::query_scalar(LINKED_TO)
                .bind(account.to_owned())
                .bind(contact.to_owned()),
        )
        .await
    }

    async fn has_links(&mut self) -> Result<bool, StoreError> {
        let linked = "SELECT EXISTS (SELECT 1 FROM users WHERE contact_id IS NOT NULL)";
        sqlx::query_scalar(linked)
            .fetch_one(&mut *self.inner)
            .await
            .map_err(StoreError::before_commit)
    }

    async fn lease(&mut self) -> Result<Lease, StoreError> {
        let query = sqlx::query_as::<_, LeaseColumns>("SELECT * FROM lease WHERE id = 1");
        let lease = query.fetch_one(&mut *self.inner).await;
        lease.map(Lease::from).map_err(StoreError::before_commit)
    }

    async fn save_lease(&mut self, lease: &Lease) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE lease SET holder = ?1, epoch = ?2, expires_at = ?3, asked_at = ?4, stepped_aside_at = ?5, \
             account_id = ?6, paused_since = ?7 WHERE id = 1",
        );
        let update = update
            .bind(&lease.holder)
            .bind(integer(lease.epoch))
            .bind(lease.expires_at);
        let update = update
            .bind(lease.asked_at)
            .bind(lease.stepped_aside_at)
            .bind(&lease.account_id)
            .bind(lease.paused_since);
        update
            .execute(&mut *self.inner)
            .await
            .map_err(StoreError::before_commit)?;
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.inner.commit().await.map_err(at_commit)
    }
}

impl SqliteTransaction<'_> {
    async fn ids(
        &mut self,
        query: sqlx::query::QueryScalar<'_, sqlx::Sqlite, String, SqliteArguments>,
    ) -> Result<Vec<UserId>, StoreError> {
        let ids = query
            .fetch_all(&mut *self.inner)
            .await
            .map_err(StoreError::before_commit)?;
        parse_ids(ids)
    }
}

/// SQLite says by its code where nothing was written.
fn at_commit(error: sqlx::Error) -> StoreError {
    const BUSY: &str = "5";
    const FULL: &str = "13";
    const READ_ONLY: &str = "8";
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code.as_deref() {
        Some(BUSY | FULL | READ_ONLY) => StoreError::NothingChanged(error),
        _ => StoreError::Unknown(error),
    }
}

#[cfg(test)]
mod tests;
