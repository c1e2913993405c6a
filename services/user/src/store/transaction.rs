//! One transaction of the writing connection.

use contracts::{Lane, UserId};
use sqlx::{ConnectOptions, Connection, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    StoreError, Unreadable,
    rows::{self, integer, lane_number},
};
use crate::{
    rules::{Lease, Row, Terms, UnixMs},
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
pub struct UserWriter {
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
    clock: Clock,
}

impl UserWriter {
    pub(super) fn new(connection: SqliteConnection, options: SqliteConnectOptions) -> Self {
        Self {
            connection: Some(connection),
            options,
            clock: Clock::default(),
        }
    }

    /// Goes by that clock instead of the machine's.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Begins a transaction that writes; no other process writes until it ends.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(StoreError::Unavailable)?,
        };
        let connection = self.connection.insert(connection);
        let begun = connection.begin_with("BEGIN IMMEDIATE").await;
        Ok(Transaction {
            inner: begun.map_err(StoreError::Unavailable)?,
            now: self.clock.now(),
        })
    }

    /// Forgets a connection whose state is unknown; the next transaction opens another.
    pub fn forget_connection(&mut self) {
        self.connection = None;
    }

    /// Closes the connection, which moves the log into the database.
    pub async fn close(self) -> Result<(), StoreError> {
        match self.connection {
            Some(connection) => connection.close().await.map_err(StoreError::before_commit),
            None => Ok(()),
        }
    }
}

/// A transaction; rolled back unless it is committed.
#[derive(Debug)]
pub struct Transaction<'a> {
    inner: sqlx::Transaction<'a, sqlx::Sqlite>,
    now: UnixMs,
}

impl Transaction<'_> {
    /// The store's clock, read when the transaction began.
    pub fn now(&self) -> UnixMs {
        self.now
    }

    /// The rows of those users that exist, in no order. One that cannot be read spoils no other.
    pub async fn load<'a>(
        &mut self,
        users: impl IntoIterator<Item = &'a UserId>,
    ) -> Result<Vec<Result<Row, Unreadable>>, StoreError> {
        rows::load(&mut *self.inner, users).await
    }

    /// Moves the times of rows that cannot be read as far ahead as they may lie, so that they are not in the way.
    pub async fn put_off(&mut self, users: &[UserId], terms: &Terms) -> Result<(), StoreError> {
        let ids = serde_json::to_string(users).expect("ids are text");
        let put_off = sqlx::query(PUT_OFF).bind(self.now + terms.horizon());
        let put_off = put_off.bind(self.now + Terms::recheck_horizon()).bind(ids);
        let done = put_off.execute(&mut *self.inner).await;
        done.map(|_| ()).map_err(StoreError::before_commit)
    }

    /// Inserts rows, or replaces those that exist.
    pub async fn save(&mut self, rows: &[&Row]) -> Result<(), StoreError> {
        rows::save(&mut self.inner, rows).await
    }

    /// Users with something due in that lane, the oldest first, then those whose time lies further ahead than any
    /// rule allows.
    pub async fn due(&mut self, lane: Lane, terms: &Terms, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let query = sqlx::query_scalar(DUE).bind(lane_number(lane)).bind(self.now);
        self.ids(query.bind(self.now + terms.horizon()).bind(integer(limit as u64)))
            .await
    }

    /// Users whose recheck has come, the oldest first.
    pub async fn rechecks(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError> {
        let query = sqlx::query_scalar(RECHECKS)
            .bind(self.now)
            .bind(self.now + Terms::recheck_horizon());
        self.ids(query.bind(integer(limit as u64))).await
    }

    /// Users with an attempt left open by an older epoch.
    pub async fn left_open(&mut self, epoch: u64, limit: usize) -> Result<Vec<UserId>, StoreError> {
        self.ids(
            sqlx::query_scalar(LEFT_OPEN)
                .bind(integer(epoch))
                .bind(integer(limit as u64)),
        )
        .await
    }

    /// Unsettled users that are in nobody's hands and whose wake-up lies ahead.
    pub async fn announced(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError> {
        self.ids(
            sqlx::query_scalar(ANNOUNCED)
                .bind(self.now)
                .bind(integer(limit as u64)),
        )
        .await
    }

    /// Users linked to that contact.
    pub async fn linked_to(&mut self, account: &str, contact: &str) -> Result<Vec<UserId>, StoreError> {
        self.ids(
            sqlx::query_scalar(LINKED_TO)
                .bind(account.to_owned())
                .bind(contact.to_owned()),
        )
        .await
    }

    /// Whether any user is linked to a contact.
    pub async fn has_links(&mut self) -> Result<bool, StoreError> {
        let linked = "SELECT EXISTS (SELECT 1 FROM users WHERE contact_id IS NOT NULL)";
        sqlx::query_scalar(linked)
            .fetch_one(&mut *self.inner)
            .await
            .map_err(StoreError::before_commit)
    }

    /// The lease as it stands.
    pub async fn lease(&mut self) -> Result<Lease, StoreError> {
        let query = sqlx::query("SELECT * FROM lease WHERE id = 1");
        let row = query
            .fetch_one(&mut *self.inner)
            .await
            .map_err(StoreError::before_commit)?;
        let epoch: i64 = row.try_get("epoch").map_err(StoreError::before_commit)?;
        Ok(Lease {
            holder: row.try_get("holder").map_err(StoreError::before_commit)?,
            epoch: u64::try_from(epoch).unwrap_or(0),
            expires_at: row.try_get("expires_at").map_err(StoreError::before_commit)?,
            asked_at: row.try_get("asked_at").map_err(StoreError::before_commit)?,
            stepped_aside_at: row
                .try_get("stepped_aside_at")
                .map_err(StoreError::before_commit)?,
            account_id: row.try_get("account_id").map_err(StoreError::before_commit)?,
            paused_since: row.try_get("paused_since").map_err(StoreError::before_commit)?,
        })
    }

    /// Writes the lease.
    pub async fn save_lease(&mut self, lease: &Lease) -> Result<(), StoreError> {
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

    /// Makes everything durable. An error says whether anything may hold.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().await.map_err(StoreError::at_commit)
    }

    async fn ids(
        &mut self,
        query: sqlx::query::QueryScalar<'_, sqlx::Sqlite, String, sqlx::sqlite::SqliteArguments>,
    ) -> Result<Vec<UserId>, StoreError> {
        let ids = query
            .fetch_all(&mut *self.inner)
            .await
            .map_err(StoreError::before_commit)?;
        let parse = |id: String| {
            id.parse().map_err(|error: contracts::InvalidUserId| Unreadable {
                user_id: id,
                reason: error.to_string(),
            })
        };
        Ok(ids.into_iter().map(parse).collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests;
