//! Users on disk, in SQLite or in PostgreSQL.
//!
//! What a store offers is a handful of statements; decisions are left to the rules, and the group commit is the same
//! for both. A transaction begins with the rows of the users it was called for, locked in the order of their ids where
//! others may write too; what it needs beyond them it never waits for, so that no two ever wait for each other.

mod columns;
mod database;
mod error;
mod overview;
mod postgres;
mod sqlite;
mod walk;

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{Priority, UserId};

pub use database::{Database, InvalidDatabase, Server};
pub use error::{OpenError, PoolMode, StoreError, Unfit, Unreadable};
pub use overview::{Counts, List, Listed, NoSuchList, PendingPosition, TroubleCount, TroubledPosition};
pub use walk::{ScanFilter, ScanPage, UserScan};

use crate::{
    rules::{Lease, Row, RuleTiming, UnixMs},
    time::Clock,
};

/// Rows as they were found, in no order. One that cannot be read spoils no other.
pub type Found = Vec<Result<Row, Unreadable>>;

/// A database that is ready.
pub struct Opened {
    /// One for deliveries, and more for changes where the database lets several write at a time.
    pub writers: Vec<Box<dyn UserWriter>>,
    /// Reads beside them.
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

/// Makes or changes the tables alone.
pub async fn migrate(database: &Database) -> Result<(), OpenError> {
    match database {
        Database::Sqlite(path) => sqlite::migrate(path).await,
        Database::Postgres(server) => postgres::migrate(server).await,
    }
}

/// How the tables of a database stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tables {
    /// There are none yet, or not even a file; they are made at the first start.
    Absent,
    /// So many migrations are to be made yet, at the next start.
    Behind(usize),
    /// As this version wants them.
    UpToDate,
    /// A later version has changed them.
    Ahead,
}

impl Tables {
    /// By the migrations that this version knows and those that were made.
    fn of(known: &sqlx::migrate::Migrator, made: &[i64]) -> Self {
        let to_make = known
            .iter()
            .filter(|migration| !made.contains(&migration.version));
        match to_make.count() {
            _ if made.is_empty() => Self::Absent,
            _ if made.iter().any(|version| !known.version_exists(*version)) => Self::Ahead,
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

/// A connection that writes.
#[async_trait]
pub trait UserWriter: Send {
    /// Begins a transaction, with those of the users that exist; nobody else changes them until it ends.
    async fn begin(&mut self, users: &[&UserId]) -> Result<(Box<dyn Transaction + '_>, Found), StoreError>;

    /// Forgets a connection whose state is unknown; the next transaction opens another.
    fn forget_connection(&mut self);

    /// Goes by that clock instead of the database's.
    fn go_by(&mut self, clock: Clock);

    /// By how many milliseconds the database's clock was ahead of this machine's at the last transaction, as far as the
    /// time on the way does not explain it. None where the database is on this machine, or was not asked yet.
    fn clock_difference_ms(&self) -> Option<i64> {
        None
    }

    /// Closes the connection.
    async fn close(self: Box<Self>) -> Result<(), StoreError>;
}

/// A transaction; rolled back unless it is committed.
#[async_trait]
pub trait Transaction: Send {
    /// The store's clock, read when the transaction began and had its rows.
    fn now(&self) -> UnixMs;

    /// The rows of those users that exist, to be changed. [`StoreError::Contended`] where another transaction has one.
    async fn load(&mut self, users: &[&UserId]) -> Result<Found, StoreError>;

    /// Inserts rows that were not there when they were loaded, and replaces those that were.
    async fn save(&mut self, rows: &[&Row]) -> Result<(), StoreError>;

    /// Moves the times of rows that cannot be read as far ahead as they may lie, so that they are not in the way.
    async fn put_off(&mut self, users: &[UserId], terms: &RuleTiming) -> Result<(), StoreError>;

    /// Users with something due in that lane, the oldest first, then those whose time lies further ahead than any
    /// rule allows. Rows that another transaction has are left to it.
    async fn due(
        &mut self,
        priority: Priority,
        terms: &RuleTiming,
        limit: usize,
    ) -> Result<Vec<UserId>, StoreError>;

    /// Users whose recheck has come, the oldest first. Rows that another transaction has are left to it.
    async fn rechecks(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError>;

    /// Users with an attempt left open by an older epoch.
    async fn left_open(&mut self, epoch: u64, limit: usize) -> Result<Vec<UserId>, StoreError>;

    /// Unsettled users that are in nobody's hands and whose wake-up lies ahead.
    async fn announced(&mut self, limit: usize) -> Result<Vec<UserId>, StoreError>;

    /// Users linked to that contact. Whoever is about to add one asks for the lease before, so that of two who are
    /// the second sees the first.
    async fn linked_to(&mut self, account: &str, contact: &str) -> Result<Vec<UserId>, StoreError>;

    /// Whether any user is linked to a contact.
    async fn has_links(&mut self) -> Result<bool, StoreError>;

    /// The lease as it stands; nobody else changes it until the transaction ends.
    async fn lease(&mut self) -> Result<Lease, StoreError>;

    /// Writes the lease.
    async fn save_lease(&mut self, lease: &Lease) -> Result<(), StoreError>;

    /// Makes everything durable. An error says whether anything may hold.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Reads beside the writers, each of a committed state.
#[async_trait]
pub trait UserReader: Send + Sync {
    /// A user's row, if there is such a user.
    async fn find(&self, user_id: &UserId) -> Result<Option<Row>, StoreError>;

    /// Users of a list, in its order.
    async fn list(&self, list: &List, limit: usize) -> Result<Vec<Listed>, StoreError>;

    /// Users in the order of their ids.
    async fn scan(&self, walk: &UserScan<'_>) -> Result<ScanPage, StoreError>;

    /// How all users stand. It takes longer the more of them wait.
    async fn count(&self) -> Result<Counts, StoreError>;

    /// Closes the connections.
    async fn close(&self);
}
