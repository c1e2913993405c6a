//! Group commit: the operations that arrive while one commit runs form the next one.
//!
//! No timer holds anything back, so a single caller waits for nobody. Operations act on rows in memory, by the rules. All rows
//! of a batch are loaded, saved and committed together, and callers are answered after that. Where the database lets several
//! transactions write at a time there are several committers: one for deliveries, and others that share the users among them.

mod after_commit;
mod batch;
mod keys;
mod queue;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use contracts::{ErrorCode, ServiceError, UserId};
use runtime::{CurrentFields, health::Registry};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};

use crate::{
    rules::{FingerprintChange, RuleTiming},
    store::{DatabaseIdentity, StoreError, UserWriter},
};

pub use after_commit::AfterCommit;
pub use batch::Batch;
pub(crate) use batch::LostContact;
pub use queue::{CommitQueue, Operation, OperationError, Queue};

use batch::Committed;
use queue::Job;

/// The most operations in one commit: enough to share its cost, few enough to keep it short.
const MAX_JOBS_PER_COMMIT: usize = 256;
/// The maximum number of users that a batch may turn out to need besides those that its operations name. A batch that needs more
/// fails, and its operations are committed one by one.
const MAX_FURTHER_USERS: usize = 4_096;
/// A larger difference between the clocks of the database and of this machine shows on `/readyz`. The gateway uses the same limit
/// for its own clock and ours.
const MAX_CLOCK_DIFFERENCE_MS: u64 = 1_000;
/// How long a committer waits after a failure, so that a full disk is not asked thousands of times a second.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(20);

/// Starts a committer for each writing connection. They end when every clone of the queue is dropped and the last operation is
/// done.
pub fn start(
    stores: Vec<Box<dyn UserWriter>>,
    timing: RuleTiming,
    fields: &CurrentFields,
    after_commit: AfterCommit,
    health: &Registry,
) -> (CommitQueue, JoinHandle<()>) {
    let (queue, committers) = create(stores, timing, fields, &after_commit, health);
    // The relay ends when the last committer drops its end of the channels.
    drop(after_commit);
    let mut tasks = JoinSet::new();
    for committer in committers {
        tasks.spawn(committer.run());
    }
    let ended = async move {
        // A committer that panicked ends the others, and with them the service.
        while let Some(Ok(())) = tasks.join_next().await {}
    };
    (queue, tokio::spawn(ended))
}

/// Creates a committer for each writing connection, without running it: a simulation decides when each of them commits.
///
/// The first one takes deliveries and what falls due, the others take changes; a single one takes everything.
pub fn create(
    stores: Vec<Box<dyn UserWriter>>,
    timing: RuleTiming,
    fields: &CurrentFields,
    after_commit: &AfterCommit,
    health: &Registry,
) -> (CommitQueue, Vec<Committer>) {
    let is_failing = Arc::new(AtomicBool::new(false));
    let mut senders = Vec::with_capacity(stores.len());
    let mut committers = Vec::with_capacity(stores.len());
    for store in stores {
        let (sender, waiting) = mpsc::channel(queue::MAX_WAITING);
        senders.push(sender);
        committers.push(Committer {
            waiting,
            store,
            timing,
            fields: fields.clone(),
            after_commit: after_commit.clone(),
            health: health.clone(),
            is_failing: Arc::clone(&is_failing),
            checked: None,
        });
    }
    (CommitQueue::new(senders), committers)
}

/// Commits operations over one connection.
pub struct Committer {
    waiting: mpsc::Receiver<Job>,
    store: Box<dyn UserWriter>,
    timing: RuleTiming,
    fields: CurrentFields,
    after_commit: AfterCommit,
    health: Registry,
    /// Whether the last write failed, whichever committer made it. The one for deliveries is never idle for long, so it finds out
    /// when the database takes writes again.
    is_failing: Arc<AtomicBool>,
    /// The connection that was checked, and the version floor.
    checked: Option<(Arc<DatabaseIdentity>, u64)>,
}

/// When to commit the next batch.
#[derive(PartialEq, Eq)]
enum NextBatch {
    AtOnce,
    AfterPause,
}

impl Committer {
    async fn run(mut self) {
        let mut jobs = Vec::with_capacity(MAX_JOBS_PER_COMMIT);
        while self.waiting.recv_many(&mut jobs, MAX_JOBS_PER_COMMIT).await > 0 {
            if self.commit_batch(&mut jobs).await == NextBatch::AfterPause {
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
        if let Err(error) = self.store.close().await {
            tracing::error!(%error, "the database did not close cleanly; its log is replayed at the next start");
        }
    }

    /// Commits the operations that wait now as one batch, and answers them. Returns how many there were.
    pub async fn commit_waiting(&mut self) -> usize {
        let mut jobs = Vec::new();
        while jobs.len() < MAX_JOBS_PER_COMMIT
            && let Ok(job) = self.waiting.try_recv()
        {
            jobs.push(job);
        }
        let count = jobs.len();
        if count > 0 {
            self.commit_batch(&mut jobs).await;
        }
        count
    }

    /// Commits a batch and answers. If the batch failed and nothing changed, its operations are committed one by one, so that one
    /// that cannot be written fails alone.
    async fn commit_batch(&mut self, jobs: &mut Vec<Job>) -> NextBatch {
        match self.commit(jobs).await {
            Ok(()) => {
                answer_all(jobs);
                NextBatch::AtOnce
            }
            Err(error @ StoreError::Unknown(_)) => {
                self.report(&error);
                reject_all(jobs, &outcome_unknown());
                NextBatch::AtOnce
            }
            // One by one, each operation would wait as long for a transaction, and its caller with it. Callers that arrived meanwhile
            // would wait for the same result, one commit after another.
            Err(error @ (StoreError::Unavailable(_) | StoreError::Unfit(_))) => {
                self.report(&error);
                reject_all(jobs, &unavailable());
                while let Ok(job) = self.waiting.try_recv() {
                    job.reject(unavailable());
                }
                NextBatch::AfterPause
            }
            Err(error) if jobs.len() == 1 => {
                self.report(&error);
                reject_all(jobs, &unavailable());
                NextBatch::AfterPause
            }
            Err(error) => {
                tracing::warn!(%error, jobs = jobs.len(), "a commit failed; its operations are committed one by one");
                self.commit_one_by_one(jobs).await
            }
        }
    }

    async fn commit_one_by_one(&mut self, jobs: &mut Vec<Job>) -> NextBatch {
        let mut failures = 0;
        for mut job in jobs.drain(..) {
            match self.commit(std::slice::from_mut(&mut job)).await {
                Ok(()) => job.answer(),
                Err(error) => {
                    failures += 1;
                    self.report(&error);
                    let is_unknown = matches!(error, StoreError::Unknown(_));
                    job.reject(if is_unknown {
                        outcome_unknown()
                    } else {
                        unavailable()
                    });
                }
            }
        }
        // A single failure is the fault of one operation; several are the database's.
        if failures > 1 {
            NextBatch::AfterPause
        } else {
            NextBatch::AtOnce
        }
    }

    /// Applies the operations and commits. They hold their answers then.
    async fn commit(&mut self, jobs: &mut [Job]) -> Result<(), StoreError> {
        let committed = self.apply_and_commit(jobs).await?;
        self.show_clock();
        // A full or read-only disk still commits transactions that write nothing.
        if committed.wrote {
            self.is_failing.store(false, Ordering::Relaxed);
            self.health.set("database", true, "commits are flushed to disk");
        }
        self.after_commit.publish(committed);
        Ok(())
    }

    /// Runs a batch. If it turns out to need rows that another transaction holds, it begins again with those rows, for which it
    /// then waits in their order.
    async fn apply_and_commit(&mut self, jobs: &mut [Job]) -> Result<Committed, StoreError> {
        let mut further_users: Vec<UserId> = Vec::new();
        loop {
            match self.apply_once(jobs, &further_users).await {
                Ok(committed) => return Ok(committed),
                // Beginning again helps only if it names users that it did not name before.
                Err(StoreError::Contended(users))
                    if further_users.len() < MAX_FURTHER_USERS
                        && users.iter().any(|user| !further_users.contains(user)) =>
                {
                    further_users.extend(users);
                }
                Err(error) => {
                    self.store.forget_connection();
                    return Err(error);
                }
            }
        }
    }

    async fn apply_once(
        &mut self,
        jobs: &mut [Job],
        further_users: &[UserId],
    ) -> Result<Committed, StoreError> {
        let capacity = self.after_commit.capacity.available();
        let named = jobs.iter().flat_map(Job::users).chain(further_users);
        let mut batch = Batch::begin(
            self.store.as_mut(),
            named,
            &self.timing,
            self.fields.get(),
            capacity,
        )
        .await?;
        let identity = batch.identity();
        let change = match &self.checked {
            Some((checked, floor)) if Arc::ptr_eq(checked, &identity) => {
                batch.version_floor = *floor;
                FingerprintChange::None
            }
            _ => batch.check_database().await?,
        };
        let version_floor = batch.version_floor;
        let keys: Vec<_> = jobs.iter().filter_map(Job::key).collect();
        batch.load_keys(&keys).await?;
        for job in jobs {
            job.apply(&mut batch).await?;
        }
        // Where the last write failed, this transaction writes in any case, to find out whether the database takes writes again.
        if self.is_failing.load(Ordering::Relaxed) {
            batch.rewrite_lease().await?;
        }
        let committed = batch.commit().await?;
        if change == FingerprintChange::Another {
            tracing::warn!(
                version_floor,
                database = identity.fingerprint.as_deref(),
                "another database server has taken over, which may have lost commits; versions and attempts continue above the \
                 version floor, and delivery begins again when every earlier lease has run out; compare with HubSpot (hubsync drift)"
            );
        }
        self.checked = Some((identity, version_floor));
        Ok(committed)
    }

    /// Shows how far the database's clock is from this machine's. Nothing compares the two, but a person who compares times in the
    /// API with times in logs should know.
    fn show_clock(&self) {
        let Some(difference) = self.store.clock_difference_ms() else {
            return;
        };
        let distance = difference.unsigned_abs();
        let direction = if difference < 0 { "behind" } else { "ahead of" };
        let is_close = distance <= MAX_CLOCK_DIFFERENCE_MS;
        let mut detail = format!("the database's clock is about {distance} ms {direction} this machine's");
        if !is_close {
            detail += "; times of users and receipts are the database's, so synchronise both clocks by NTP";
        }
        self.health.note("clock", is_close, detail);
    }

    fn report(&self, error: &StoreError) {
        if self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::debug!(%error, "another commit failed");
        } else {
            tracing::error!(%error, "a commit failed");
        }
        self.health.set("database", false, error.to_string());
    }
}

fn answer_all(jobs: &mut Vec<Job>) {
    for job in jobs.drain(..) {
        job.answer();
    }
}

fn reject_all(jobs: &mut Vec<Job>, error: &ServiceError) {
    for job in jobs.drain(..) {
        job.reject(error.clone());
    }
}

fn unavailable() -> ServiceError {
    let message = "the database takes no changes at the moment; nothing was accepted, try again";
    ServiceError::new(ErrorCode::Unavailable, message)
}

fn outcome_unknown() -> ServiceError {
    let message =
        "the database was lost in the commit; the change may have been accepted, sending it again is safe";
    ServiceError::new(ErrorCode::OutcomeUnknown, message)
}
