//! Where users are stored: in SQLite, in PostgreSQL, or in memory for simulations and component tests.
//!
//! A store offers a few statements and makes no decisions: the rules decide, and the group commit is the same for all
//! stores. A transaction begins with the rows of the users it is called for. Where several transactions can write at a
//! time, it locks these rows in the order of their ids. It never waits for rows that it needs beyond them, so no two
//! transactions can wait for each other.

mod columns;
mod database;
mod error;
pub mod memory;
mod postgres;
mod queries;
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{FieldDefinitions, Priority, UserId, WriteTarget};

pub use database::{Database, InvalidDatabase, Server};
pub use error::{Cause, OpenError, PoolMode, StoreError, Unfit, Unreadable};
pub use queries::{
    Counts, InvalidList, List, Listed, PendingPosition, ProblemPosition, ProblemTotal, ScanFilter, ScanPage,
    UserScan,
};

use crate::{
    rules::{KeyHash, KeyedChange, Lease, Row, RuleTiming, StoredKey, UnixMs},
    time::Clock,
};

/// The rows of the users that exist, in no order. A row that cannot be read does not affect the others.
pub type LoadedRows = Vec<Result<Row, Unreadable>>;

/// How many idempotency keys of a user have not expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyCount {
    /// How many keys the user has.
    pub keys: u64,
    /// When the first of them expires.
    pub oldest_expiry: Option<UnixMs>,
}

/// The place of an idempotency key among all keys, which are ordered by user and hash. The default is before all keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, sqlx::FromRow)]
pub struct KeyPosition {
    /// The user's id.
    pub user_id: String,
    /// The hash of the key.
    pub key_hash: Vec<u8>,
}

/// What became of a page of idempotency keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeysDeleted {
    /// How many had expired and were deleted.
    pub deleted: u64,
    /// Behind which key the next page begins; none if there is no further page.
    pub next: Option<KeyPosition>,
}

/// A call of a user that HubSpot may still apply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LateWrite {
    /// What the call named.
    pub target: WriteTarget,
    /// Whose call it was.
    pub user_id: UserId,
    /// Until when HubSpot may apply it.
    pub until: UnixMs,
}

/// An open database.
pub struct Opened {
    /// The first one is for deliveries. Where the database lets several connections write at a time, the others are for
    /// changes.
    pub writers: Vec<Box<dyn UserWriter>>,
    /// Reads at the same time as the writers write.
    pub reader: Arc<dyn UserReader>,
}

impl Opened {
    /// Closes every connection.
    pub async fn close(self) -> Result<(), StoreError> {
        self.reader.close().await;
        for writer in self.writers {
            writer.close().await?;
        }
        Ok(())
    }
}

/// Opens the database, brings its tables up to date and checks that its commits are durable.
pub async fn open(database: &Database) -> Result<Opened, OpenError> {
    match database {
        Database::Sqlite(path) => sqlite::open(path).await,
        Database::Postgres(server) => postgres::open(server).await,
    }
}

/// Only brings the tables up to date.
pub async fn migrate(database: &Database) -> Result<(), OpenError> {
    match database {
        Database::Sqlite(path) => sqlite::migrate(path).await,
        Database::Postgres(server) => postgres::migrate(server).await,
    }
}

/// Whether the tables of a database are those that this version needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    /// There are no tables yet, or not even a file. The first start creates them.
    Absent,
    /// This many migrations are missing. The next start applies them.
    Behind(usize),
    /// They are what this version needs.
    UpToDate,
    /// A later version has changed them.
    Ahead,
}

impl Tables {
    /// Compares the migrations that this version knows with those that were applied to the database.
    fn compare(known: &sqlx::migrate::Migrator, applied: &[i64]) -> Self {
        let missing = known
            .iter()
            .filter(|migration| !applied.contains(&migration.version));
        match missing.count() {
            _ if applied.is_empty() => Self::Absent,
            _ if applied.iter().any(|version| !known.version_exists(*version)) => Self::Ahead,
            0 => Self::UpToDate,
            behind => Self::Behind(behind),
        }
    }
}

/// Checks that the database can be reached and that its commits are durable, and changes nothing.
pub async fn examine(database: &Database) -> Result<Tables, OpenError> {
    match database {
        Database::Sqlite(path) => sqlite::examine(path).await,
        Database::Postgres(server) => postgres::examine(server).await,
    }
}

/// The database behind a connection. Another connection has another value, which may be equal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DatabaseIdentity {
    /// Differs if this is another database than before, which may have lost commits. None where that cannot be known.
    pub fingerprint: Option<String>,
}

/// The fingerprint of a database, and the one that is stored in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fingerprints {
    /// That of the server which was connected to; none where it cannot be known.
    pub found: Option<String>,
    /// That of the server to which a user service connected last.
    pub stored: Option<String>,
}

/// Reads the fingerprints of a database that has its tables, and changes nothing.
pub async fn read_fingerprints(database: &Database) -> Result<Fingerprints, OpenError> {
    match database {
        Database::Sqlite(_) => Ok(Fingerprints::default()),
        Database::Postgres(server) => postgres::read_fingerprints(server).await,
    }
}

/// A connection that writes.
#[async_trait]
pub trait UserWriter: Send {
    /// Begins a transaction and returns the rows of those users that exist. No other transaction changes these rows
    /// before this one ends.
    async fn begin(
        &mut self,
        users: &[&UserId],
    ) -> Result<(Box<dyn Transaction + '_>, LoadedRows), StoreError>;

    /// Forgets a connection whose state is unknown. The next transaction opens another.
    fn forget_connection(&mut self);

    /// Uses this clock instead of the database's.
    fn use_clock(&mut self, clock: Clock);

    /// By how many milliseconds the database's clock was ahead of this machine's at the last transaction, after subtracting
    /// the time that the messages took. None if the database runs on this machine or there was no transaction yet.
    fn clock_difference_ms(&self) -> Option<i64> {
        None
    }

    /// Closes the connection.
    async fn close(self: Box<Self>) -> Result<(), StoreError>;
}

/// A transaction. It is rolled back unless it is committed.
#[async_trait]
pub trait Transaction: Send {
    /// The store's time, read when the transaction had its rows.
    fn now(&self) -> UnixMs;

    /// The database behind this transaction's connection. It is the same allocation for every transaction of the connection.
    fn identity(&self) -> Arc<DatabaseIdentity>;

    /// Loads the rows of those users that exist, to be changed. [`StoreError::Contended`] where another transaction holds
    /// one of them.
    async fn load(&mut self, users: &[&UserId]) -> Result<LoadedRows, StoreError>;

    /// Inserts the rows of users that did not exist when they were loaded, and replaces the others.
    async fn save(&mut self, rows: &[&Row]) -> Result<(), StoreError>;

    /// Moves the times of rows that cannot be read to the furthest time that a rule may set, so that the sweep does not
    /// find them again and again.
    async fn put_off(&mut self, users: &[UserId], timing: &RuleTiming) -> Result<(), StoreError>;

    /// Users of this priority that are due, the earliest first, followed by those whose time is further ahead than any
    /// rule may set. Rows that another transaction holds are skipped.
    async fn due(
        &mut self,
        priority: Priority,
        timing: &RuleTiming,
        limit: usize,
    ) -> Result<Vec<UserId>, StoreError>;

    /// Users whose recheck is due, the earliest first, followed by those whose time is further ahead than any rule may
    /// set. Rows that another transaction holds are skipped.
    async fn rechecks(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError>;

    /// Users with an open attempt of an earlier epoch.
    async fn left_open(&mut self, epoch: u64, limit: usize) -> Result<Vec<UserId>, StoreError>;

    /// Dirty users without an open attempt or a failure whose wake-up is in the future: the wake-up was published, and no
    /// worker has claimed the user. Rows that another transaction holds are skipped.
    async fn users_with_published_wake_ups(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError>;

    /// Users linked to one of these contacts. A caller that is about to link one more loads the lease first: the lease is
    /// locked, so that of two such callers the second one sees the link of the first.
    async fn linked_to(&mut self, account: &str, contacts: &[&str]) -> Result<Vec<UserId>, StoreError>;

    /// Looks whether any user is linked to a contact.
    async fn look_for_links(&mut self) -> Result<bool, StoreError>;

    /// Reads the lease without waiting for a transaction that holds it.
    async fn read_lease(&mut self) -> Result<Lease, StoreError>;

    /// Loads the lease. No other transaction changes it before this one ends.
    async fn lease(&mut self) -> Result<Lease, StoreError>;

    /// Writes the lease.
    async fn save_lease(&mut self, lease: &Lease) -> Result<(), StoreError>;

    /// Reads the set of fields that was stored last; none if there is none yet.
    async fn read_fields(&mut self) -> Result<Option<FieldDefinitions>, StoreError>;

    /// Stores a set of fields as a further revision. The lease is locked.
    async fn save_fields(&mut self, definitions: &FieldDefinitions) -> Result<(), StoreError>;

    /// Looks for the changes that were made with idempotency keys of users. They have the order of the keys; none stands for a key that
    /// is not stored or has expired.
    async fn find_keys(
        &mut self,
        keys: &[(&UserId, KeyHash)],
    ) -> Result<Vec<Option<KeyedChange>>, StoreError>;

    /// Counts the idempotency keys of a user that expire within this time. A key that expires later is from before the clock stepped
    /// back.
    async fn count_keys(&mut self, user: &UserId, remembered_for: UnixMs) -> Result<KeyCount, StoreError>;

    /// Inserts keys, and replaces those that are stored. Their users are among the rows that this transaction loaded or saved.
    async fn save_keys(&mut self, keys: &[StoredKey]) -> Result<(), StoreError>;

    /// Deletes expired keys. Where they are not ordered by expiry, it looks at the next `limit` keys behind a position only; elsewhere it
    /// deletes at most `limit`, the oldest first. Keys that another transaction is deleting or saving are skipped.
    async fn delete_expired_keys(
        &mut self,
        after: &KeyPosition,
        limit: usize,
    ) -> Result<KeysDeleted, StoreError>;

    /// Looks for calls that HubSpot may still apply to one of these targets.
    async fn find_late_writes(&mut self, targets: &[&WriteTarget]) -> Result<Vec<LateWrite>, StoreError>;

    /// Inserts late writes, each target and user at most once, and replaces the ends of those that are stored. Their users are among
    /// the rows that this transaction loaded.
    async fn save_late_writes(&mut self, late_writes: &[LateWrite]) -> Result<(), StoreError>;

    /// Deletes at most `limit` late writes that are no longer possible, and returns how many these were.
    async fn delete_ended_late_writes(&mut self, limit: usize) -> Result<u64, StoreError>;

    /// Makes everything durable. An error says whether the changes may have been stored.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Reads committed rows while the writers write.
#[async_trait]
pub trait UserReader: Send + Sync {
    /// The row of a user; none if there is no such user.
    async fn find(&self, user_id: &UserId) -> Result<Option<Row>, StoreError>;

    /// The set of fields that was stored last; none if there is none yet.
    async fn fields(&self) -> Result<Option<FieldDefinitions>, StoreError>;

    /// At most `limit` users of a list, in its order.
    async fn list(&self, list: &List, limit: usize) -> Result<Vec<Listed>, StoreError>;

    /// A page of all users that match a filter, in the order of their ids.
    async fn scan(&self, scan: &UserScan<'_>) -> Result<ScanPage, StoreError>;

    /// Counts users by state. The more users are due or have problems, the longer it takes.
    async fn count(&self) -> Result<Counts, StoreError>;

    /// Closes the connections.
    async fn close(&self);
}
