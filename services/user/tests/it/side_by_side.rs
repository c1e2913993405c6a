//! The store in memory and the database that `TEST_DATABASE` names take the same steps, and everything they return is compared.
//!
//! So a result of the simulation, which runs on the store in memory, holds for the databases too.

mod any_operation;
mod lists;
mod migration;
mod operations;
mod random;
mod reads;
mod rows;
mod selections;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use contracts::FieldDefinitions;
use runtime::{CurrentFields, health::Registry};
use testing::database::TestDatabase;
use tokio::{sync::mpsc, task::JoinHandle};
use user::{
    commit::{self, AfterCommit, CommitQueue},
    relay::{AcceptedNotices, StreamCapacity},
    rules::{Row, RuleTiming, UnixMs},
    store::{self, UserReader, memory::MemoryStore},
    time::Clock,
};

/// More users than there are.
const ALL: usize = 1_000;

/// Times and limits that some of the random operations reach.
fn short_timing() -> RuleTiming {
    RuleTiming {
        idempotency_key: 300_000,
        max_idempotency_keys: 5,
        ..RuleTiming::default()
    }
}

/// A time that a test sets. Clones are the same one.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn at(now: UnixMs) -> Self {
        Self(Arc::new(AtomicI64::new(now)))
    }

    fn set(&self, now: UnixMs) {
        self.0.store(now, Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, by: UnixMs) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Clock::new(move || now.load(Ordering::Relaxed))
    }
}

/// A store with one committer, so that operations that are requested together form one batch.
pub(crate) struct Committing {
    pub(crate) queue: CommitQueue,
    task: JoinHandle<()>,
    reader: Arc<dyn UserReader>,
}

impl Committing {
    fn start(opened: store::Opened, clock: &TestClock) -> Self {
        Self::start_with(opened, clock, short_timing())
    }

    pub(crate) fn start_with(opened: store::Opened, clock: &TestClock, timing: RuleTiming) -> Self {
        let store::Opened { mut writers, reader } = opened;
        writers.truncate(1);
        writers[0].use_clock(clock.clock());
        let after_commit = AfterCommit {
            wake_ups: mpsc::channel(1).0,
            resolved: mpsc::channel(1).0,
            accepted: AcceptedNotices::default(),
            capacity: StreamCapacity::default(),
        };
        let health = Registry::new("user", &[]);
        let (queue, task) = commit::start(
            writers,
            timing,
            &CurrentFields::new(FieldDefinitions::built_in().clone()),
            after_commit,
            &health,
        );
        Self { queue, task, reader }
    }

    /// The committed row of a user that exists.
    pub(crate) async fn row(&self, user: &str) -> Row {
        let found = self.reader.find(&user.parse().unwrap()).await;
        found.unwrap().expect("the user exists")
    }

    pub(crate) async fn close(self) {
        drop(self.queue);
        self.task.await.unwrap();
        self.reader.close().await;
    }
}

/// Both stores, with committers of their own.
struct Pair {
    clock: TestClock,
    store: MemoryStore,
    database: TestDatabase,
    memory: Committing,
    disk: Committing,
}

impl Pair {
    async fn start(now: UnixMs) -> Self {
        let clock = TestClock::at(now);
        let (store, database) = (MemoryStore::new(clock.clock()), TestDatabase::fresh().await);
        let memory = Committing::start(store.open(1), &clock);
        let disk = Committing::start(open(&database).await, &clock);
        Self {
            clock,
            store,
            database,
            memory,
            disk,
        }
    }

    /// Closes both, does this while they are closed, and opens them again.
    async fn reopen(self, meanwhile: impl AsyncFnOnce(&MemoryStore, &TestDatabase)) -> Self {
        self.memory.close().await;
        self.disk.close().await;
        meanwhile(&self.store, &self.database).await;
        Self {
            memory: Committing::start(self.store.open(1), &self.clock),
            disk: Committing::start(open(&self.database).await, &self.clock),
            ..self
        }
    }

    async fn close(self) {
        self.memory.close().await;
        self.disk.close().await;
    }
}

async fn open(database: &TestDatabase) -> store::Opened {
    store::open(&database.url().parse().unwrap()).await.unwrap()
}
