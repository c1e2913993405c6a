//! Group commit: what waits while one commit runs forms the next one.
//!
//! No timer holds anything back, so a lone caller waits for nobody. Each piece of work acts on rows in memory by the
//! rules; all rows of a batch are loaded, saved and committed together, and only then is anybody answered. Where the
//! database lets several write at a time there are several writers: one for deliveries, and others that share the users
//! among them.

mod apply;
mod batch;
mod claim;
mod import;
mod link;
mod record;
mod repair;
mod resync;
mod retry;
mod sweep;
mod update;
mod work;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use contracts::{ErrorCode, ServiceError};
use runtime::health::Registry;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};

use crate::{
    rules::RuleTiming,
    store::{StoreError, UserWriter},
};

use batch::Done;

pub use batch::AfterCommit;
pub use work::{Answer, Deadline, Job, Work, WriterHandle};

/// The most pieces of work in one commit: enough to share its cost, few enough to keep it short.
const JOBS_PER_COMMIT: usize = 256;
/// The most pieces of work that wait; more are refused at once.
const JOBS_WAITING: usize = 4_096;
/// Of them, so many are kept for deliveries: a flood of changes must not cost the worker its lease.
const KEPT_FOR_DELIVERY: usize = 512;
/// An import may fill a quarter of the queue, so that changes find a place, and hardly wait.
const KEPT_FOR_CHANGES: usize = JOBS_WAITING / 4 * 3;
/// A batch that turned out to need so many more users than its jobs name is given up: another will be smaller.
const MOST_BESIDES: usize = 4_096;
/// Clocks further apart than this are shown as such. The gateway shows those of user service and gateway by the same bound.
const CLOCKS_APART_MS: u64 = 1_000;
/// After a failed commit the disk gets a moment, so that a full one is not asked thousands of times a second.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(20);

/// Starts a writer for each connection. They end when every handle is dropped and the last work is done.
///
/// The first one works on deliveries and on what time brings, the others on changes; an only one on all of it.
pub fn start(
    stores: Vec<Box<dyn UserWriter>>,
    terms: RuleTiming,
    after_commit: AfterCommit,
    health: &Registry,
) -> (WriterHandle, JoinHandle<()>) {
    let mut tasks = JoinSet::new();
    let mut senders = Vec::with_capacity(stores.len());
    let ailing = Arc::new(AtomicBool::new(false));
    for store in stores {
        let (sender, receiver) = mpsc::channel(JOBS_WAITING);
        let writer = Writer {
            store,
            terms,
            after_commit: after_commit.clone(),
            health: health.clone(),
            ailing: Arc::clone(&ailing),
        };
        senders.push(sender);
        tasks.spawn(writer.run(receiver));
    }
    // The relay ends when the last writer lets go of its end.
    drop(after_commit);
    let ending = async move {
        while let Some(Ok(())) = tasks.join_next().await {}
        // One that broke ends the others, and the service.
    };
    (WriterHandle::new(senders), tokio::spawn(ending))
}

/// No transaction could be begun.
struct TakesNothing;

struct Writer {
    store: Box<dyn UserWriter>,
    terms: RuleTiming,
    after_commit: AfterCommit,
    health: Registry,
    /// Whether the last write failed, whoever's it was: the writer that time keeps busy finds out when all is well.
    ailing: Arc<AtomicBool>,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(JOBS_PER_COMMIT);
        while waiting.recv_many(&mut jobs, JOBS_PER_COMMIT).await > 0 {
            if let Err(TakesNothing) = self.commit_all(&mut jobs).await {
                // Whoever came meanwhile would wait as long, one commit after another.
                while let Ok(job) = waiting.try_recv() {
                    refuse_all([job], &unavailable());
                }
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
        if let Err(error) = self.store.close().await {
            tracing::error!(%error, "the database did not close cleanly; its log is replayed at the next start");
        }
    }

    /// Commits a batch; where an error proves that nothing changed, its pieces go one by one, so that one that
    /// cannot be written fails alone.
    async fn commit_all(&mut self, jobs: &mut Vec<Job>) -> Result<(), TakesNothing> {
        match self.commit(jobs).await {
            Ok(answers) => {
                answer_all(jobs.drain(..), answers);
                return Ok(());
            }
            Err(error @ StoreError::Unknown(_)) => {
                self.report(&error);
                refuse_all(jobs.drain(..), &outcome_unknown());
                return Ok(());
            }
            // One by one, each would wait as long for a transaction, and callers with it.
            Err(error @ (StoreError::Unavailable(_) | StoreError::Unfit(_))) => {
                self.report(&error);
                refuse_all(jobs.drain(..), &unavailable());
                return Err(TakesNothing);
            }
            Err(error) if jobs.len() == 1 => {
                self.report(&error);
                refuse_all(jobs.drain(..), &unavailable());
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                return Ok(());
            }
            Err(error) => {
                tracing::warn!(%error, jobs = jobs.len(), "a commit failed; its parts go one by one");
            }
        }
        let mut failures = 0;
        for job in jobs.drain(..) {
            match self.commit(std::slice::from_ref(&job)).await {
                Ok(answers) => answer_all([job], answers),
                Err(error) => {
                    failures += 1;
                    let unknown = matches!(error, StoreError::Unknown(_));
                    self.report(&error);
                    refuse_all([job], &if unknown { outcome_unknown() } else { unavailable() });
                }
            }
        }
        if failures > 1 {
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        }
        Ok(())
    }

    async fn commit(&mut self, jobs: &[Job]) -> Result<Vec<Result<Answer, ServiceError>>, StoreError> {
        let done = self.run_batch(jobs).await?;
        self.show_clock();
        // A full or read-only disk still commits what writes nothing.
        if done.wrote {
            self.ailing.store(false, Ordering::Relaxed);
            self.health.set("database", true, "commits are flushed to disk");
        }
        Ok(self.after_commit.send(done))
    }

    /// Runs a batch, again where another writer has rows that it turned out to need.
    async fn run_batch(&mut self, jobs: &[Job]) -> Result<Done, StoreError> {
        let mut besides = Vec::new();
        loop {
            let room = self.after_commit.room.left();
            let store = self.store.as_mut();
            let is_ailing = self.ailing.load(Ordering::Relaxed);
            match batch::run(store, &self.terms, room, jobs, &besides, is_ailing).await {
                Ok(done) => return Ok(done),
                Err(StoreError::Contended(users)) if besides.len() < MOST_BESIDES => besides.extend(users),
                Err(error) => {
                    self.store.forget_connection();
                    return Err(error);
                }
            }
        }
    }

    /// Shows how far the database's clock is from this machine's. Nothing compares the two, but a person who compares times of
    /// the API to logs should know.
    fn show_clock(&self) {
        let Some(difference) = self.store.clock_difference_ms() else {
            return;
        };
        let (apart, side) = (
            difference.unsigned_abs(),
            if difference < 0 { "behind" } else { "ahead of" },
        );
        let is_close = apart <= CLOCKS_APART_MS;
        let mut detail =
            format!("the database's clock is {apart} ms {side} this machine's, as far as can be told");
        if !is_close {
            detail += "; times of users and receipts are the database's, so set both clocks by NTP";
        }
        self.health.note("clock", is_close, detail);
    }

    fn report(&self, error: &StoreError) {
        if self.ailing.swap(true, Ordering::Relaxed) {
            tracing::debug!(%error, "another commit failed");
        } else {
            tracing::error!(%error, "a commit failed");
        }
        self.health.set("database", false, error.to_string());
    }
}

fn answer_all(jobs: impl IntoIterator<Item = Job>, answers: Vec<Result<Answer, ServiceError>>) {
    for (job, answer) in jobs.into_iter().zip(answers) {
        // A caller that no longer waits has no use for the answer.
        let _ = job.reply.send(answer);
    }
}

fn refuse_all(jobs: impl IntoIterator<Item = Job>, error: &ServiceError) {
    for job in jobs {
        let _ = job.reply.send(Err(error.clone()));
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
