//! The connection that writes, and its transactions.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{FieldDefinitions, Priority, UserId, WriteTarget};
use sqlx::{
    Connection, SqliteConnection,
    error::DatabaseError,
    sqlite::{SqliteArguments, SqliteConnectOptions},
};

use super::{
    fields, keys, late_writes,
    open::{ConnectError, connect},
    rows,
};
use crate::{
    rules::{KeyHash, KeyedChange, Lease, Row, RuleTiming, StoredKey, UnixMs},
    store::{
        DatabaseIdentity, KeyCount, KeyPosition, KeysDeleted, LateWrite, LoadedRows, StoreError, Transaction,
        UserWriter,
        columns::{LeaseColumns, fields_text, integer, priority_number},
        error::parse_ids,
    },
    time::Clock,
};

/// Users that are due, then those whose time is too far ahead. Parameters: priority, now, the furthest time that a rule
/// may set, limit.
const DUE: &str = "SELECT user_id FROM (SELECT user_id FROM users WHERE due_at IS NOT NULL AND lane = ?1 \
    AND due_at <= ?2 ORDER BY due_at LIMIT ?4) \
    UNION ALL SELECT user_id FROM (SELECT user_id FROM users WHERE due_at IS NOT NULL \
    AND lane = ?1 AND due_at > ?3 LIMIT ?4) LIMIT ?4";
/// Users whose recheck is due, then those whose time is too far ahead. Parameters: now, the furthest time that a rule may
/// set, limit.
const RECHECKS: &str = "SELECT user_id FROM (SELECT user_id FROM users WHERE recheck_at IS NOT NULL \
    AND recheck_at <= ?1 ORDER BY recheck_at LIMIT ?3) \
    UNION ALL SELECT user_id FROM (SELECT user_id FROM users WHERE recheck_at IS NOT NULL \
    AND recheck_at > ?2 LIMIT ?3) LIMIT ?3";
/// Parameters: epoch, limit.
const LEFT_OPEN: &str = "SELECT user_id FROM users WHERE open_epoch IS NOT NULL AND open_epoch < ?1 LIMIT ?2";
/// Parameters: now, limit. Both priorities are named, so that the index is searched for future times only.
const ANNOUNCED: &str = "SELECT user_id FROM users WHERE due_at IS NOT NULL AND lane IN (0, 1) AND due_at > ?1 \
    AND unsettled AND open_epoch IS NULL AND ledger ->> 'failures' IS NULL \
    AND ledger ->> 'wakeAt' > ?1 LIMIT ?2";
/// Parameters: the new wake-up, the new recheck, users as JSON. A row without such a time gets none.
const PUT_OFF: &str = "UPDATE users SET due_at = iif(due_at IS NULL, NULL, ?1), \
    recheck_at = iif(recheck_at IS NULL, NULL, ?2) WHERE user_id IN (SELECT value FROM json_each(?3))";
/// Parameters: account, contacts as JSON.
const LINKED_TO: &str = "SELECT user_id FROM users WHERE account_id = ?1 \
    AND contact_id IN (SELECT value FROM json_each(?2))";

/// The connection that writes.
#[derive(Debug)]
pub(super) struct SqliteWriter {
    connection: Option<SqliteConnection>,
    /// Without a fingerprint: a restored file looks like any other.
    identity: Arc<DatabaseIdentity>,
    options: SqliteConnectOptions,
    clock: Clock,
}

impl SqliteWriter {
    pub(super) async fn connect(options: SqliteConnectOptions) -> Result<Self, ConnectError> {
        Ok(Self {
            connection: Some(connect(&options).await?),
            identity: Arc::default(),
            options,
            clock: Clock::default(),
        })
    }
}

#[async_trait]
impl UserWriter for SqliteWriter {
    async fn begin(
        &mut self,
        users: &[&UserId],
    ) -> Result<(Box<dyn Transaction + '_>, LoadedRows), StoreError> {
        let connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            self.identity = Arc::default();
            connect(&self.options).await.map_err(|error| match error {
                ConnectError::Database(error) => StoreError::unavailable(error),
                ConnectError::Unfit(unfit) => StoreError::Unfit(unfit),
            })?
        };
        let connection = self.connection.insert(connection);
        // `IMMEDIATE` locks the database for writing: from here on no other process can change what is read.
        let begun = connection.begin_with("BEGIN IMMEDIATE").await;
        let mut transaction = SqliteTransaction {
            inner: begun.map_err(StoreError::unavailable)?,
            now: self.clock.now(),
            identity: Arc::clone(&self.identity),
        };
        let rows = rows::load(&mut *transaction.inner, users).await?;
        Ok((Box::new(transaction), rows))
    }

    fn forget_connection(&mut self) {
        self.connection = None;
    }

    fn use_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Closes the connection, which moves the write-ahead log into the database file.
    async fn close(self: Box<Self>) -> Result<(), StoreError> {
        match self.connection {
            Some(connection) => connection.close().await.map_err(StoreError::before_commit),
            None => Ok(()),
        }
    }
}

/// A transaction. No other one can write before it ends, so it is never contended.
struct SqliteTransaction<'a> {
    inner: sqlx::Transaction<'a, sqlx::Sqlite>,
    now: UnixMs,
    identity: Arc<DatabaseIdentity>,
}

#[async_trait]
impl Transaction for SqliteTransaction<'_> {
    fn now(&self) -> UnixMs {
        self.now
    }

    fn identity(&self) -> Arc<DatabaseIdentity> {
        Arc::clone(&self.identity)
    }

    async fn load(&mut self, users: &[&UserId]) -> Result<LoadedRows, StoreError> {
        rows::load(&mut *self.inner, users).await
    }

    async fn put_off(&mut self, users: &[UserId], timing: &RuleTiming) -> Result<(), StoreError> {
        let ids = serde_json::to_string(users).expect("ids are text");
        let put_off = sqlx::query(PUT_OFF).bind(self.now + timing.max_wake_up_distance());
        let put_off = put_off
            .bind(self.now + RuleTiming::max_recheck_distance())
            .bind(ids);
        let done = put_off.execute(&mut *self.inner).await;
        done.map(|_| ()).map_err(StoreError::before_commit)
    }

    async fn save(&mut self, rows: &[&Row]) -> Result<(), StoreError> {
        rows::save(&mut self.inner, rows).await
    }

    async fn due(
        &mut self,
        priority: Priority,
        timing: &RuleTiming,
        limit: usize,
    ) -> Result<Vec<UserId>, StoreError> {
        let query = sqlx::query_scalar(DUE)
            .bind(priority_number(priority))
            .bind(self.now);
        self.ids(
            query
                .bind(self.now + timing.max_wake_up_distance())
                .bind(integer(limit as u64)),
        )
        .await
    }

    async fn rechecks(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let query = sqlx::query_scalar(RECHECKS)
            .bind(self.now)
            .bind(self.now + RuleTiming::max_recheck_distance());
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

    async fn users_with_published_wake_ups(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError> {
        self.ids(
            sqlx::query_scalar(ANNOUNCED)
                .bind(self.now)
                .bind(integer(limit as u64)),
        )
        .await
    }

    async fn linked_to(&mut self, account: &str, contacts: &[&str]) -> Result<Vec<UserId>, StoreError> {
        let contacts = serde_json::to_string(contacts).expect("ids are text");
        self.ids(
            sqlx::query_scalar(LINKED_TO)
                .bind(account.to_owned())
                .bind(contacts),
        )
        .await
    }

    async fn look_for_links(&mut self) -> Result<bool, StoreError> {
        let linked = "SELECT EXISTS (SELECT 1 FROM users WHERE contact_id IS NOT NULL)";
        sqlx::query_scalar(linked)
            .fetch_one(&mut *self.inner)
            .await
            .map_err(StoreError::before_commit)
    }

    async fn read_lease(&mut self) -> Result<Lease, StoreError> {
        self.lease().await
    }

    async fn lease(&mut self) -> Result<Lease, StoreError> {
        let query = sqlx::query_as::<_, LeaseColumns>("SELECT * FROM lease WHERE id = 1");
        let lease = query.fetch_one(&mut *self.inner).await;
        lease.map(Lease::from).map_err(StoreError::before_commit)
    }

    async fn save_lease(&mut self, lease: &Lease) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE lease SET holder = ?1, epoch = ?2, expires_at = ?3, asked_at = ?4, stepped_aside_at = ?5, \
             account_id = ?6, paused_since = ?7, version_floor = ?8, fingerprint = ?9, token_refused_at = ?10, \
             accepted_request_at = ?11 WHERE id = 1",
        );
        let update = update
            .bind(&lease.holder)
            .bind(integer(lease.epoch))
            .bind(lease.expires_at);
        let update = update
            .bind(lease.requested_at)
            .bind(lease.yielded_at)
            .bind(&lease.account_id)
            .bind(lease.paused_since)
            .bind(integer(lease.version_floor))
            .bind(&lease.fingerprint)
            .bind(lease.token_refused_at)
            .bind(lease.accepted_request_at);
        update
            .execute(&mut *self.inner)
            .await
            .map_err(StoreError::before_commit)?;
        Ok(())
    }

    async fn read_fields(&mut self) -> Result<Option<FieldDefinitions>, StoreError> {
        fields::read(&mut *self.inner).await
    }

    async fn save_fields(&mut self, definitions: &FieldDefinitions) -> Result<(), StoreError> {
        let insert =
            sqlx::query("INSERT INTO field_sets (revision, definitions, stored_at) VALUES (?1, ?2, ?3)");
        let insert = insert
            .bind(integer(definitions.revision()))
            .bind(fields_text(definitions))
            .bind(self.now);
        let saved = insert.execute(&mut *self.inner).await;
        saved.map(|_| ()).map_err(StoreError::before_commit)
    }

    async fn find_keys(
        &mut self,
        keys: &[(&UserId, KeyHash)],
    ) -> Result<Vec<Option<KeyedChange>>, StoreError> {
        let found = keys::find(&mut self.inner, keys, self.now).await;
        found.map_err(StoreError::before_commit)
    }

    async fn count_keys(&mut self, user: &UserId, remembered_for: UnixMs) -> Result<KeyCount, StoreError> {
        let latest = self.now + remembered_for;
        let count = keys::count(&mut self.inner, user, self.now, latest).await;
        count.map_err(StoreError::before_commit)
    }

    async fn save_keys(&mut self, keys: &[StoredKey]) -> Result<(), StoreError> {
        keys::save(&mut self.inner, keys)
            .await
            .map_err(StoreError::before_commit)
    }

    async fn delete_expired_keys(
        &mut self,
        after: &KeyPosition,
        limit: usize,
    ) -> Result<KeysDeleted, StoreError> {
        let deleted = keys::delete_expired(&mut self.inner, after, self.now, limit).await;
        deleted.map_err(StoreError::before_commit)
    }

    async fn find_late_writes(&mut self, targets: &[&WriteTarget]) -> Result<Vec<LateWrite>, StoreError> {
        late_writes::find(&mut self.inner, targets, self.now).await
    }

    async fn save_late_writes(&mut self, new: &[LateWrite]) -> Result<(), StoreError> {
        let saved = late_writes::save(&mut self.inner, new).await;
        saved.map_err(StoreError::before_commit)
    }

    async fn delete_ended_late_writes(&mut self, limit: usize) -> Result<u64, StoreError> {
        let deleted = late_writes::delete_ended(&mut self.inner, self.now, limit).await;
        deleted.map_err(StoreError::before_commit)
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

/// An error of the commit. With some codes SQLite says that it wrote nothing.
fn at_commit(error: sqlx::Error) -> StoreError {
    const BUSY: &str = "5";
    const FULL: &str = "13";
    const READ_ONLY: &str = "8";
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code.as_deref() {
        Some(BUSY | FULL | READ_ONLY) => StoreError::before_commit(error),
        _ => StoreError::unknown(error),
    }
}

#[cfg(test)]
mod tests;
