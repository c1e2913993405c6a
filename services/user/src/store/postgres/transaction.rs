//! A transaction of a connection that writes.

use std::{collections::HashSet, sync::Arc};

use async_trait::async_trait;
use contracts::{FieldDefinitions, Priority, UserId, WriteTarget};
use sqlx::{Executor, PgConnection, postgres::PgArguments, query::QueryScalar};

use super::{
    error::{at_commit, before_commit, is_contention, limited},
    fields, keys, late_writes, rows,
};
use crate::{
    rules::{KeyHash, KeyedChange, Lease, Row, RuleTiming, StoredKey, UnixMs},
    store::{
        DatabaseIdentity, KeyCount, KeyPosition, KeysDeleted, LateWrite, LoadedRows, StoreError, Transaction,
        columns::{LeaseColumns, fields_text, integer, priority_number},
        error::parse_ids,
    },
};

/// Users that are due, then those whose time is too far ahead. Parameters: priority, now, the furthest time that a rule
/// may set, limit.
const DUE: &str = "SELECT user_id FROM (SELECT user_id FROM users WHERE due_at IS NOT NULL AND lane = $1 \
    AND due_at <= $2 ORDER BY due_at LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED) AS come \
    UNION ALL SELECT user_id FROM (SELECT user_id FROM users WHERE due_at IS NOT NULL \
    AND lane = $1 AND due_at > $3 LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED) AS far LIMIT $4";
/// Users whose recheck is due, then those whose time is too far ahead. Parameters: now, the furthest time that a rule may
/// set, limit.
const RECHECKS: &str = "SELECT user_id FROM (SELECT user_id FROM users WHERE recheck_at IS NOT NULL \
    AND recheck_at <= $1 ORDER BY recheck_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED) AS come \
    UNION ALL SELECT user_id FROM (SELECT user_id FROM users WHERE recheck_at IS NOT NULL \
    AND recheck_at > $2 LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED) AS far LIMIT $3";
/// Parameters: epoch, limit.
const LEFT_OPEN: &str = "SELECT user_id FROM users WHERE open_epoch IS NOT NULL AND open_epoch < $1 LIMIT $2";
/// Parameters: now, limit. Both priorities are named, so that the index is searched for future times only.
const ANNOUNCED: &str = "SELECT user_id FROM users WHERE due_at IS NOT NULL AND lane IN (0, 1) AND due_at > $1 \
    AND unsettled AND open_epoch IS NULL AND ledger::json ->> 'failures' IS NULL \
    AND (ledger::json ->> 'wakeAt')::int8 > $1 LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED";
/// Parameters: the new wake-up, the new recheck, users. A row without such a time gets none.
const PUT_OFF: &str = "UPDATE users SET due_at = CASE WHEN due_at IS NOT NULL THEN $1 END, \
    recheck_at = CASE WHEN recheck_at IS NOT NULL THEN $2 END WHERE user_id = ANY ($3)";
/// Parameters: account, contacts.
const LINKED_TO: &str = "SELECT user_id FROM users WHERE account_id = $1 AND contact_id = ANY ($2::text[])";

/// A transaction. If it is dropped without a commit, the writer has to forget the connection, except after
/// [`StoreError::Contended`]: then the transaction was rolled back already.
pub(super) struct PostgresTransaction<'a> {
    connection: &'a mut PgConnection,
    identity: Arc<DatabaseIdentity>,
    now: UnixMs,
    /// The users whose rows were loaded, and so are locked.
    held: HashSet<UserId>,
}

impl<'a> PostgresTransaction<'a> {
    /// Takes a connection in a transaction that has done nothing yet.
    pub(super) fn new(connection: &'a mut PgConnection, identity: Arc<DatabaseIdentity>) -> Self {
        Self {
            connection,
            identity,
            now: UnixMs::MIN,
            held: HashSet::new(),
        }
    }

    /// Locks and loads the first rows, and reads the server's clock.
    pub(super) async fn begin_with(&mut self, users: &[&UserId]) -> sqlx::Result<LoadedRows> {
        let (now, rows) = rows::begin_with(self.connection, users).await?;
        self.now = now;
        self.remember_held(&rows);
        Ok(rows)
    }

    pub(super) fn set_now(&mut self, now: UnixMs) {
        self.now = now;
    }

    fn remember_held(&mut self, rows: &LoadedRows) {
        let held = rows.iter().flatten().map(|row| row.user_id.clone());
        self.held.extend(held);
    }

    async fn ids(
        &mut self,
        query: QueryScalar<'_, sqlx::Postgres, String, PgArguments>,
    ) -> Result<Vec<UserId>, StoreError> {
        let ids = limited(query.fetch_all(&mut *self.connection)).await;
        parse_ids(ids.map_err(before_commit)?)
    }

    /// Rolls back after contention, so that the connection can be used again.
    async fn contended(&mut self, users: Vec<UserId>) -> StoreError {
        match limited(self.connection.execute("ROLLBACK")).await {
            Ok(_) => StoreError::Contended(users),
            Err(error) => before_commit(error),
        }
    }
}

#[async_trait]
impl Transaction for PostgresTransaction<'_> {
    fn now(&self) -> UnixMs {
        self.now
    }

    fn identity(&self) -> Arc<DatabaseIdentity> {
        Arc::clone(&self.identity)
    }

    async fn load(&mut self, users: &[&UserId]) -> Result<LoadedRows, StoreError> {
        match rows::load(self.connection, users).await {
            Ok(rows) => {
                self.remember_held(&rows);
                Ok(rows)
            }
            Err(error) if is_contention(&error) => {
                let users = users.iter().map(|user| (*user).clone()).collect();
                Err(self.contended(users).await)
            }
            Err(error) => Err(before_commit(error)),
        }
    }

    async fn save(&mut self, rows: &[&Row]) -> Result<(), StoreError> {
        let (known, new): (Vec<&Row>, Vec<&Row>) =
            rows.iter().partition(|row| self.held.contains(&row.user_id));
        if !known.is_empty() {
            rows::update(self.connection, &known)
                .await
                .map_err(before_commit)?;
        }
        if new.is_empty() {
            return Ok(());
        }
        let inserted = rows::insert(self.connection, &new).await.map_err(before_commit)?;
        if inserted == new.len() as u64 {
            return Ok(());
        }
        // Another transaction has created one of them since this one looked for it.
        let users = new.iter().map(|row| row.user_id.clone()).collect();
        Err(self.contended(users).await)
    }

    async fn put_off(&mut self, users: &[UserId], timing: &RuleTiming) -> Result<(), StoreError> {
        let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
        let put_off = sqlx::query(PUT_OFF).bind(self.now + timing.max_wake_up_distance());
        let put_off = put_off
            .bind(self.now + RuleTiming::max_recheck_distance())
            .bind(ids);
        let done = limited(put_off.execute(&mut *self.connection)).await;
        done.map(|_| ()).map_err(before_commit)
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
        let query = sqlx::query_scalar(LEFT_OPEN).bind(integer(epoch));
        self.ids(query.bind(integer(limit as u64))).await
    }

    async fn users_with_published_wake_ups(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let query = sqlx::query_scalar(ANNOUNCED).bind(self.now);
        self.ids(query.bind(integer(limit as u64))).await
    }

    async fn linked_to(&mut self, account: &str, contacts: &[&str]) -> Result<Vec<UserId>, StoreError> {
        let query = sqlx::query_scalar(LINKED_TO).bind(account.to_owned());
        let contacts: Vec<String> = contacts.iter().map(|contact| (*contact).to_owned()).collect();
        self.ids(query.bind(contacts)).await
    }

    async fn look_for_links(&mut self) -> Result<bool, StoreError> {
        let linked = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users WHERE contact_id IS NOT NULL)");
        limited(linked.fetch_one(&mut *self.connection))
            .await
            .map_err(before_commit)
    }

    async fn read_lease(&mut self) -> Result<Lease, StoreError> {
        let query = sqlx::query_as::<_, LeaseColumns>("SELECT * FROM lease WHERE id = 1");
        let lease = limited(query.fetch_one(&mut *self.connection)).await;
        lease.map(Lease::from).map_err(before_commit)
    }

    async fn lease(&mut self) -> Result<Lease, StoreError> {
        let query = sqlx::query_as::<_, LeaseColumns>("SELECT * FROM lease WHERE id = 1 FOR NO KEY UPDATE");
        let lease = limited(query.fetch_one(&mut *self.connection)).await;
        lease.map(Lease::from).map_err(before_commit)
    }

    async fn save_lease(&mut self, lease: &Lease) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE lease SET holder = $1, epoch = $2, expires_at = $3, asked_at = $4, stepped_aside_at = $5, \
             account_id = $6, paused_since = $7, version_floor = $8, fingerprint = $9, token_refused_at = $10, \
             accepted_request_at = $11 WHERE id = 1",
        );
        let update = update
            .bind(&lease.holder)
            .bind(integer(lease.epoch))
            .bind(lease.expires_at)
            .bind(lease.requested_at)
            .bind(lease.yielded_at)
            .bind(&lease.account_id)
            .bind(lease.paused_since)
            .bind(integer(lease.version_floor))
            .bind(&lease.fingerprint)
            .bind(lease.token_refused_at)
            .bind(lease.accepted_request_at);
        let done = limited(update.execute(&mut *self.connection)).await;
        done.map(|_| ()).map_err(before_commit)
    }

    async fn read_fields(&mut self) -> Result<Option<FieldDefinitions>, StoreError> {
        fields::read(&mut *self.connection).await
    }

    async fn save_fields(&mut self, definitions: &FieldDefinitions) -> Result<(), StoreError> {
        let insert =
            sqlx::query("INSERT INTO field_sets (revision, definitions, stored_at) VALUES ($1, $2, $3)");
        let insert = insert
            .bind(integer(definitions.revision()))
            .bind(fields_text(definitions))
            .bind(self.now);
        let saved = limited(insert.execute(&mut *self.connection)).await;
        saved.map(|_| ()).map_err(before_commit)
    }

    async fn find_keys(
        &mut self,
        keys: &[(&UserId, KeyHash)],
    ) -> Result<Vec<Option<KeyedChange>>, StoreError> {
        let found = keys::find(self.connection, keys, self.now).await;
        found.map_err(before_commit)
    }

    async fn count_keys(&mut self, user: &UserId, remembered_for: UnixMs) -> Result<KeyCount, StoreError> {
        let latest = self.now + remembered_for;
        let count = keys::count(self.connection, user, self.now, latest).await;
        count.map_err(before_commit)
    }

    async fn save_keys(&mut self, keys: &[StoredKey]) -> Result<(), StoreError> {
        keys::save(self.connection, keys).await.map_err(before_commit)
    }

    async fn delete_expired_keys(
        &mut self,
        _after: &KeyPosition,
        limit: usize,
    ) -> Result<KeysDeleted, StoreError> {
        let deleted = keys::delete_expired(self.connection, self.now, limit).await;
        deleted.map_err(before_commit)
    }

    async fn find_late_writes(&mut self, targets: &[&WriteTarget]) -> Result<Vec<LateWrite>, StoreError> {
        late_writes::find(self.connection, targets, self.now).await
    }

    async fn save_late_writes(&mut self, new: &[LateWrite]) -> Result<(), StoreError> {
        late_writes::save(self.connection, new)
            .await
            .map_err(before_commit)
    }

    async fn delete_ended_late_writes(&mut self, limit: usize) -> Result<u64, StoreError> {
        let deleted = late_writes::delete_ended(self.connection, self.now, limit).await;
        deleted.map_err(before_commit)
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let done = limited(self.connection.execute("COMMIT")).await;
        done.map(|_| ()).map_err(at_commit)
    }
}
