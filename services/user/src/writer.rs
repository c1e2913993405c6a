//! Group commit: what waits while one commit runs forms the next one.
//!
//! No timer holds anything back, so a lone caller waits for nobody. Each piece of work acts on rows in memory by the
//! rules; all rows of a batch are loaded, saved and committed together, and only then is anybody answered.

mod apply;
mod batch;
mod claim;
mod record;
mod sweep;
mod update;
mod work;

use std::time::Duration;

use contracts::{ErrorCode, ServiceError};
use runtime::health::Registry;
use tokio::sync::mpsc;

use crate::{
    rules::Terms,
    store::{StoreError, UserWriter},
};

pub use batch::AfterCommit;
pub use work::{Answer, Deadline, Job, Work, WriterHandle};

/// The most pieces of work in one commit: enough to share its cost, few enough to keep it short.
const JOBS_PER_COMMIT: usize = 256;
/// The most pieces of work that wait; more are refused at once.
const JOBS_WAITING: usize = 4_096;
/// Of them, so many are kept for deliveries: a flood of changes must not cost the worker its lease.
const KEPT_FOR_DELIVERY: usize = 512;
/// After a failed commit the disk gets a moment, so that a full one is not asked thousands of times a second.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(20);

/// Starts the writer. It ends when every handle is dropped and the last work is done.
pub fn start(
    store: UserWriter,
    terms: Terms,
    after_commit: AfterCommit,
    health: Registry,
) -> (WriterHandle, tokio::task::JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel(JOBS_WAITING);
    let writer = Writer {
        store,
        terms,
        after_commit,
        health,
        ailing: false,
    };
    (WriterHandle::new(sender), tokio::spawn(writer.run(receiver)))
}

/// No transaction could be begun.
struct TakesNothing;

struct Writer {
    store: UserWriter,
    terms: Terms,
    after_commit: AfterCommit,
    health: Registry,
    /// Whether the last write failed.
    ailing: bool,
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
            Err(error @ StoreError::Unavailable(_)) => {
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
        let done = match batch::run(
            &mut self.store,
            &self.terms,
            self.after_commit.room.left(),
            jobs,
            self.ailing,
        )
        .await
        {
            Ok(done) => done,
            Err(error) => {
                self.store.forget_connection();
                return Err(error);
            }
        };
        // A full or read-only disk still commits what writes nothing.
        if done.wrote {
            self.ailing = false;
            self.health.set("database", true, "commits are flushed to disk");
        }
        self.after_commit.send(done.announcements, done.settled);
        Ok(done.answers)
    }

    fn report(&mut self, error: &StoreError) {
        if self.ailing {
            tracing::debug!(%error, "another commit failed");
        } else {
            tracing::error!(%error, "a commit failed");
        }
        self.ailing = true;
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
