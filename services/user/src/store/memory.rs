//! A store in memory, for simulations in virtual time and for component tests of other services. It forgets everything
//! when the process ends, so no `USER_DATABASE_URL` selects it.
//!
//! It behaves like PostgreSQL with several writers, with two differences that virtual time needs:
//!
//! - It never waits. Each method completes when it is polled for the first time, so that a caller needs no runtime. Where
//!   PostgreSQL would wait for another transaction, an error is returned at once: [`StoreError::Contended`] for rows,
//!   [`StoreError::NothingChanged`] for the lease and for idempotency keys. That includes `begin`, which returns the users whose rows are held.
//!   A simulation that polls several transactions in turn has them wait; see [`MemoryStore::let_transactions_wait`].
//! - It is deterministic. Where SQL leaves an order open, users are returned in the order of their ids.
//!
//! Rows are kept in the columns and the JSON in which databases store them, and are decoded again when they are loaded. A
//! rule that relies on a value that is not stored fails here as it would on disk. A simulation with many transactions may
//! have only a sample of its rows encoded; see [`RowEncoding`].

mod encoding;
mod faults;
mod index;
mod keys;
mod reader;
mod tables;
#[cfg(test)]
mod tests;
mod transaction;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use async_trait::async_trait;
use contracts::{FieldDefinitions, UserId, WriteTarget};

pub use encoding::RowEncoding;
pub use faults::{MemoryFault, MemoryFaults};

use self::{
    encoding::Encoding,
    faults::PlantedFaults,
    keys::Keys,
    reader::MemoryReader,
    tables::{StoredRow, Tables},
    transaction::{MemoryTransaction, TransactionId},
};
use super::{
    DatabaseIdentity, LateWrite, LoadedRows, Opened, StoreError, Transaction, UserReader, UserWriter,
};
use crate::{
    rules::{KeyHash, Lease, Row, StoredKey, UnixMs},
    time::Clock,
};

/// A store in memory. Clones share its users and its lease.
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Mutex<Shared>>,
    clock: Clock,
}

/// What the writers and readers of a store share.
#[derive(Default)]
struct Shared {
    committed: Committed,
    /// The users whose rows were committed since somebody last asked.
    written: BTreeSet<UserId>,
    /// What a fail-over replaces.
    identity: Arc<DatabaseIdentity>,
    /// The server that takes over in a fail-over; there is one only on request.
    standby: Option<Standby>,
    fail_overs: u64,
    /// Which open transaction holds the row of a user.
    held_rows: HashMap<UserId, TransactionId>,
    /// Which open transaction deletes or saves a key.
    held_keys: HashMap<(UserId, KeyHash), TransactionId>,
    /// Which open transaction holds the lease.
    held_lease: Option<TransactionId>,
    last_transaction: TransactionId,
    faults: PlantedFaults,
    encoding: Encoding,
    /// Whether transactions wait for each other.
    is_waiting: bool,
    /// How many statements are done before one waits.
    statements_to_pause: Option<u32>,
}

/// What is committed.
#[derive(Debug, Clone, Default)]
struct Committed {
    tables: Tables,
    /// The idempotency keys.
    keys: Keys,
    lease: Lease,
    /// The set of fields, once it is stored.
    fields: Option<FieldDefinitions>,
}

/// What one commit changes.
#[derive(Debug, Clone)]
struct Commit {
    rows: BTreeMap<UserId, StoredRow>,
    lease: Option<Lease>,
    fields: Option<FieldDefinitions>,
    deleted_late_writes: Vec<(WriteTarget, UserId)>,
    saved_late_writes: Vec<LateWrite>,
    /// With their expiries.
    deleted_keys: BTreeMap<(UserId, KeyHash), UnixMs>,
    saved_keys: Keys,
}

impl Committed {
    fn apply(&mut self, commit: Commit) {
        for (user, stored) in commit.rows {
            self.tables.put(user, stored);
        }
        if let Some(lease) = commit.lease {
            self.lease = lease;
        }
        if let Some(fields) = commit.fields {
            self.fields = Some(fields);
        }
        for key in &commit.deleted_late_writes {
            self.tables.late_writes.remove(key);
        }
        for late_write in commit.saved_late_writes {
            let LateWrite {
                target,
                user_id,
                until,
            } = late_write;
            self.tables.late_writes.insert((target, user_id), until);
        }
        for (key, expires_at) in &commit.deleted_keys {
            self.keys.remove(key, *expires_at);
        }
        for key in commit.saved_keys.all() {
            self.keys.save(key);
        }
    }
}

/// A server to which commits are replicated late.
struct Standby {
    committed: Committed,
    /// The commits that it has not got, the latest one last.
    missing: VecDeque<Commit>,
    max_missing: usize,
}

impl Standby {
    fn replicate(&mut self, commit: Commit) {
        self.missing.push_back(commit);
        self.catch_up(self.max_missing);
    }

    /// Gets commits until it misses only this many.
    fn catch_up(&mut self, missing: usize) {
        while self.missing.len() > missing {
            if let Some(commit) = self.missing.pop_front() {
                self.committed.apply(commit);
            }
        }
    }
}

impl Shared {
    fn commit(&mut self, commit: Commit) {
        self.written.extend(commit.rows.keys().cloned());
        if let Some(standby) = &mut self.standby {
            standby.replicate(commit.clone());
        }
        self.committed.apply(commit);
    }

    /// Whether an open transaction holds the row of a user.
    fn is_held(&self, user: &UserId) -> bool {
        self.committed.tables.rows.contains_key(user) && self.held_rows.contains_key(user)
    }
}

/// Why the store in memory returned an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum MemoryError {
    #[error("the fault {0:?} was planted")]
    Planted(MemoryFault),
    #[error("another open transaction holds the lease; end that transaction first")]
    LeaseIsHeld,
    #[error("another open transaction deletes an idempotency key; end that transaction first")]
    KeyIsHeld,
    #[error("the transaction was rolled back by an earlier error; begin another one")]
    RolledBack,
}

impl MemoryStore {
    /// An empty store whose time this clock shows.
    pub fn new(clock: Clock) -> Self {
        Self {
            shared: Arc::default(),
            clock,
        }
    }

    /// Chooses which of the rows that are saved from now on are encoded.
    pub fn encode(&self, rows: RowEncoding) {
        self.lock().encoding = Encoding::new(rows);
    }

    /// A reader and this many writers, in the form in which databases are opened. The users stay when they are closed, so
    /// that a simulated service can start again on the same store.
    pub fn open(&self, writers: usize) -> Opened {
        Opened {
            writers: (0..writers).map(|_| self.writer()).collect(),
            reader: self.reader(),
        }
    }

    /// Another writer.
    pub fn writer(&self) -> Box<dyn UserWriter> {
        Box::new(MemoryWriter {
            store: self.clone(),
            clock: self.clock.clone(),
        })
    }

    /// Another reader.
    pub fn reader(&self) -> Arc<dyn UserReader> {
        Arc::new(MemoryReader::new(self.clone()))
    }

    /// Plants faults into the writers of this store.
    pub fn faults(&self) -> MemoryFaults {
        MemoryFaults::new(self.clone())
    }

    /// Every committed row, by id. Rows that cannot be read are left out.
    pub fn rows(&self) -> Vec<Row> {
        let shared = self.lock();
        let rows = shared.committed.tables.rows.values();
        rows.filter_map(|stored| stored.decode().ok()).collect()
    }

    /// The committed row of a user; none if there is no such user or its row cannot be read.
    pub fn row(&self, user_id: &UserId) -> Option<Arc<Row>> {
        self.lock().committed.tables.rows.get(user_id)?.shared().ok()
    }

    /// The users whose rows were committed since this was last called.
    pub fn take_written(&self) -> BTreeSet<UserId> {
        std::mem::take(&mut self.lock().written)
    }

    /// The committed lease.
    pub fn lease(&self) -> Lease {
        self.lock().committed.lease.clone()
    }

    /// The committed idempotency keys, expired ones included.
    pub fn keys(&self) -> Vec<StoredKey> {
        self.lock().committed.keys.all().collect()
    }

    /// The users among these whose rows an open transaction holds. A `begin` with one of them would be contended, so a
    /// simulation that runs several transactions at a time begins when there is none.
    pub fn held(&self, users: &[&UserId]) -> Vec<UserId> {
        let shared = self.lock();
        let is_held = |user: &&&UserId| shared.held_rows.contains_key(**user);
        users.iter().filter(is_held).map(|user| (*user).clone()).collect()
    }

    /// Makes the row of a user one that this version cannot read, as if a later version had written it.
    pub fn make_unreadable(&self, user_id: &UserId) {
        self.lock().committed.tables.make_unreadable(user_id);
    }

    /// From now on there is a standby server, which misses the last commits, at most this many.
    pub fn add_standby(&self, max_missing: usize) {
        let mut shared = self.lock();
        shared.standby = Some(Standby {
            committed: shared.committed.clone(),
            missing: VecDeque::new(),
            max_missing,
        });
    }

    /// The standby server takes over, and the last commits that it misses are lost, at most this many. Returns how many are lost. No
    /// transaction may be open.
    pub fn fail_over(&self, commits: usize) -> usize {
        let mut shared = self.lock();
        let shared = &mut *shared;
        let mut lost = 0;
        if let Some(standby) = &mut shared.standby {
            standby.catch_up(commits);
            lost = standby.missing.len();
            standby.missing.clear();
            // The first server has stored its fingerprint too.
            let lease = &mut standby.committed.lease;
            lease.fingerprint.get_or_insert_with(|| "0".to_owned());
            shared.committed = standby.committed.clone();
        }
        shared.fail_overs += 1;
        let fingerprint = Some(shared.fail_overs.to_string());
        shared.identity = Arc::new(DatabaseIdentity { fingerprint });
        lost
    }

    /// From now on a transaction waits for rows and for the lease that another one holds, as on PostgreSQL. It looks at them
    /// each time it is polled. So a simulation that polls two committers in turn has two transactions at a time.
    pub fn let_transactions_wait(&self) {
        self.lock().is_waiting = true;
    }

    /// Has the next statement but `statements` wait until it is polled a second time. None has no statement wait.
    pub fn pause_after(&self, statements: Option<u32>) {
        self.lock().statements_to_pause = statements;
    }

    /// Completes once this is false, if transactions wait for each other; otherwise at once.
    async fn wait_while(&self, is_held: impl Fn(&Shared) -> bool) {
        poll_fn(|context| {
            let shared = self.lock();
            if shared.is_waiting && is_held(&shared) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Waits before a statement if that was asked for.
    async fn pause_if_planned(&self) {
        let mut is_first = true;
        poll_fn(|context| {
            let mut shared = self.lock();
            let planned = shared.statements_to_pause.filter(|_| is_first);
            is_first = false;
            shared.statements_to_pause = match planned {
                Some(0) => None,
                Some(left) => Some(left - 1),
                None => return Poll::Ready(()),
            };
            if planned == Some(0) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Every change of the shared state is complete before anything could panic.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    /// An empty store with this machine's clock.
    fn default() -> Self {
        Self::new(Clock::default())
    }
}

/// A writer of a store in memory.
struct MemoryWriter {
    store: MemoryStore,
    clock: Clock,
}

#[async_trait]
impl UserWriter for MemoryWriter {
    async fn begin(
        &mut self,
        users: &[&UserId],
    ) -> Result<(Box<dyn Transaction + '_>, LoadedRows), StoreError> {
        let (transaction, rows) = MemoryTransaction::begin(&self.store, &self.clock, users).await?;
        Ok((Box::new(transaction), rows))
    }

    fn forget_connection(&mut self) {
        // There is none: a transaction that is dropped has released everything.
    }

    fn use_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    async fn close(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}
