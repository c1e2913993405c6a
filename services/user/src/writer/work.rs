//! What the writer is asked to do, and the handle by which it is asked.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Instant,
};

use contracts::{
    ChangeLease, ClaimUsers, ControlDelivery, DeliveryControl, ErrorCode, ImportLine, ImportResult,
    LeaseAnswer, LinkUser, Priority, Receipt, RepairUser, ReportResults, ResultsReported, ServiceError,
    UnlinkUser, UpdateUser, UserId, UserUpdated, UsersClaimed, UsersRepaired, UsersResynced, UsersRetried,
};
use tokio::sync::{mpsc, oneshot};

use super::{KEPT_FOR_CHANGES, KEPT_FOR_DELIVERY};

/// A piece of work that changes rows.
#[derive(Debug)]
pub enum Work {
    /// A caller's change.
    Update(UpdateUser),
    /// A line of an import.
    Import(ImportLine),
    /// A worker asks for the lease.
    Lease(ChangeLease),
    /// An operator pauses or resumes delivery.
    Line(ControlDelivery),
    /// The worker claims users.
    Claim(ClaimUsers),
    /// A worker records verdicts.
    Record(ReportResults),
    /// An operator has those users tried again, each named once.
    Retry {
        /// Who.
        users: Vec<UserId>,
        /// How urgently.
        priority: Priority,
    },
    /// An operator has everything of those users sent once more, each named once.
    Resync(Vec<UserId>),
    /// An operator says which contact is a user's.
    Link(LinkUser),
    /// An operator has a user's contact forgotten.
    Unlink(UnlinkUser),
    /// Those users are owed again what HubSpot no longer holds.
    Repair(Vec<RepairUser>),
    /// Do what is due on at most so many rows of each lane, announcing them.
    Sweep {
        /// Rows due in the live lane.
        live: usize,
        /// Rows due in the back-fill lane, and rechecks.
        backfill: usize,
    },
    /// Make those users due: their announcement failed.
    WakeNow(Vec<UserId>),
    /// Make at most so many users due that were announced to a stream that lost them.
    WakeAnnounced {
        /// The most rows to change.
        limit: usize,
    },
}

/// What became of a piece of work.
#[derive(Debug)]
pub enum Answer {
    /// To [`Work::Update`].
    Updated(UserUpdated),
    /// To [`Work::Import`].
    Imported(ImportResult),
    /// To [`Work::Lease`].
    Lease(LeaseAnswer),
    /// To [`Work::Line`].
    Line(DeliveryControl),
    /// To [`Work::Claim`].
    Claims(UsersClaimed),
    /// To [`Work::Record`].
    Recorded(ResultsReported),
    /// To [`Work::Retry`].
    Retried(UsersRetried),
    /// To [`Work::Resync`].
    Resynced(UsersResynced),
    /// To [`Work::Link`] and [`Work::Unlink`]: the receipt of the current version.
    Linked(Box<Receipt>),
    /// To [`Work::Repair`].
    Repaired(UsersRepaired),
    /// To sweeps and wake-ups: how many rows were found.
    Rows(usize),
}

/// When a caller stops waiting; past it, its work is refused. No wall clock has a say in it: those of the caller's machine,
/// of this one and of the database's may all differ.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    /// By this machine's monotonic clock.
    pub until: Instant,
}

impl Deadline {
    /// Whether the caller has stopped waiting.
    pub fn has_passed(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// A piece of work and who waits for it.
#[derive(Debug)]
pub struct Job {
    pub(super) work: Work,
    pub(super) deadline: Option<Deadline>,
    pub(super) reply: oneshot::Sender<Result<Answer, ServiceError>>,
}

/// Asks the writers. Clones ask the same ones.
#[derive(Debug, Clone)]
pub struct WriterHandle {
    deliveries: mpsc::Sender<Job>,
    /// Those of a user always go to the same one: otherwise two writers would wait for each other on hot users.
    changes: Arc<[mpsc::Sender<Job>]>,
}

impl WriterHandle {
    /// By the writers' queues, the one for deliveries first; an only one takes everything.
    pub(super) fn new(mut queues: Vec<mpsc::Sender<Job>>) -> Self {
        let deliveries = queues[0].clone();
        if queues.len() > 1 {
            queues.remove(0);
        }
        Self {
            deliveries,
            changes: queues.into(),
        }
    }

    fn queue_for(&self, work: &Work) -> &mpsc::Sender<Job> {
        let user_id = match work {
            Work::Update(update) => &update.user_id,
            Work::Import(line) => &line.user_id,
            _ => return &self.deliveries,
        };
        let mut hasher = DefaultHasher::new();
        user_id.hash(&mut hasher);
        let count = self.changes.len() as u64;
        // A remainder of the count fits whatever the count fits.
        &self.changes[usize::try_from(hasher.finish() % count).unwrap_or(0)]
    }

    /// Has work done and waits for its commit. Refused at once where too much waits already.
    pub async fn ask(&self, work: Work, deadline: Option<Deadline>) -> Result<Answer, ServiceError> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue_for(&work);
        let kept = match work {
            Work::Update(_) => KEPT_FOR_DELIVERY,
            Work::Import(_) => KEPT_FOR_CHANGES,
            _ => 0,
        };
        if queue.capacity() <= kept {
            return Err(unavailable(TOO_MUCH));
        }
        let refused = |error| match error {
            mpsc::error::TrySendError::Full(_) => unavailable(TOO_MUCH),
            mpsc::error::TrySendError::Closed(_) => unavailable("the user service is stopping; try again"),
        };
        queue
            .try_send(Job {
                work,
                deadline,
                reply,
            })
            .map_err(refused)?;
        let lost =
            "the user service stopped before the commit was confirmed; sending the change again is safe";
        answer
            .await
            .unwrap_or_else(|_| Err(ServiceError::new(ErrorCode::OutcomeUnknown, lost)))
    }
}

const TOO_MUCH: &str = "too much is waiting for the database; try again";

fn unavailable(message: &str) -> ServiceError {
    ServiceError::new(ErrorCode::Unavailable, message)
}
