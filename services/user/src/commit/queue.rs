//! Operations, and the queue in which they wait for a committer.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Instant,
};

use async_trait::async_trait;
use contracts::{ErrorCode, RequestContext, ServiceError, UserId};
use runtime::nats::{Caller, Deadline};
use tokio::sync::{mpsc, oneshot};

use super::Batch;
use crate::{rules::KeyHash, store::StoreError};

/// The most operations that wait for one committer. Further ones are rejected at once.
pub(super) const MAX_WAITING: usize = 4_096;
/// Places that changes leave to deliveries, so that a flood of changes does not cost the worker its lease.
const KEPT_FOR_DELIVERIES: usize = 512;
/// Places that imports leave to everything else: three quarters, so that changes find a place and hardly wait.
const KEPT_FOR_CHANGES: usize = MAX_WAITING / 4 * 3;

/// What reads and changes rows, within a transaction that it may share with other operations.
pub trait Operation: Send + Sync + 'static {
    /// What the operation returns.
    type Answer: Send + Sync + 'static;

    /// Which committer it waits for.
    const QUEUE: Queue;

    /// The users whose rows are locked and loaded before the operation is applied.
    fn users(&self) -> Vec<&UserId>;

    /// The user and the idempotency key of the operation, if it has one. Those of a batch are looked up together before its operations
    /// are applied.
    fn key(&self) -> Option<(&UserId, KeyHash)> {
        None
    }

    /// Does it on the rows in memory. An operation is applied again if its transaction has to begin again, so `self` does not
    /// change.
    fn apply(
        &self,
        batch: &mut Batch<'_>,
    ) -> impl Future<Output = Result<Self::Answer, OperationError>> + Send;
}

/// Which committer an operation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// The one for deliveries, and for what falls due.
    Deliveries,
    /// The one for changes of the operation's first user. Changes of a user always wait for the same committer: otherwise two
    /// committers would wait for each other on users that change often.
    Changes,
    /// The same, but most places are left to others.
    Imports,
}

impl Queue {
    fn kept_places(self) -> usize {
        match self {
            Self::Deliveries => 0,
            Self::Changes => KEPT_FOR_DELIVERIES,
            Self::Imports => KEPT_FOR_CHANGES,
        }
    }
}

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The operation itself is rejected. Others in the same transaction are not affected.
    #[error(transparent)]
    Rejected(#[from] ServiceError),
    /// The transaction failed, with everything in it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where operations wait. Clones add to the same queue.
#[derive(Debug, Clone)]
pub struct CommitQueue {
    deliveries: mpsc::Sender<Job>,
    changes: Arc<[mpsc::Sender<Job>]>,
}

impl CommitQueue {
    /// By the queues of the committers, the one for deliveries first; a single one takes everything.
    pub(super) fn new(mut senders: Vec<mpsc::Sender<Job>>) -> Self {
        let deliveries = senders[0].clone();
        if senders.len() > 1 {
            senders.remove(0);
        }
        Self {
            deliveries,
            changes: senders.into(),
        }
    }

    /// Has an operation done and waits for its commit. It is rejected at once if too many wait already, and later if its deadline
    /// passes before it is begun.
    pub async fn run<O: Operation>(
        &self,
        operation: O,
        deadline: Option<Deadline>,
    ) -> Result<O::Answer, ServiceError> {
        self.add(operation, deadline, None, None).await
    }

    async fn add<O: Operation>(
        &self,
        operation: O,
        deadline: Option<Deadline>,
        sent: Option<Instant>,
        request: Option<RequestContext>,
    ) -> Result<O::Answer, ServiceError> {
        let sender = self.sender(&operation);
        if sender.capacity() <= O::QUEUE.kept_places() {
            return Err(unavailable(TOO_MANY_WAIT));
        }
        let (reply, answer) = oneshot::channel();
        let job = Job(Box::new(WaitingOperation {
            operation,
            deadline,
            sent,
            request,
            answer: None,
            reply,
        }));
        sender.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => unavailable(TOO_MANY_WAIT),
            mpsc::error::TrySendError::Closed(_) => unavailable("the user service is stopping; try again"),
        })?;
        let lost =
            "the user service stopped before the commit was confirmed; sending the change again is safe";
        answer
            .await
            .unwrap_or_else(|_| Err(ServiceError::new(ErrorCode::OutcomeUnknown, lost)))
    }

    /// Has an operation done for the sender of a request.
    pub async fn run_for<O: Operation>(
        &self,
        operation: O,
        caller: Caller,
    ) -> Result<O::Answer, ServiceError> {
        let Caller {
            deadline,
            sent,
            context,
        } = caller;
        self.add(operation, Some(deadline), Some(sent), context).await
    }

    fn sender<O: Operation>(&self, operation: &O) -> &mpsc::Sender<Job> {
        let users = match O::QUEUE {
            Queue::Deliveries => return &self.deliveries,
            Queue::Changes | Queue::Imports => operation.users(),
        };
        let mut hasher = DefaultHasher::new();
        users.first().hash(&mut hasher);
        let count = self.changes.len() as u64;
        // A remainder is smaller than the count, which is a usize.
        &self.changes[usize::try_from(hasher.finish() % count).unwrap_or(0)]
    }
}

const TOO_MANY_WAIT: &str = "too many requests wait for the database; try again";

fn unavailable(message: &str) -> ServiceError {
    ServiceError::new(ErrorCode::Unavailable, message)
}

/// An operation of any type, and its caller.
#[derive(Debug)]
pub(super) struct Job(Box<dyn AnyOperation>);

impl Job {
    /// The users that the operation names.
    pub(super) fn users(&self) -> Vec<&UserId> {
        self.0.users()
    }

    /// The user and the idempotency key of the operation.
    pub(super) fn key(&self) -> Option<(&UserId, KeyHash)> {
        self.0.key()
    }

    /// Applies the operation and keeps its answer until the commit. An error fails the whole batch.
    pub(super) async fn apply(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        self.0.apply(batch).await
    }

    /// Gives the caller its answer.
    pub(super) fn answer(self) {
        self.0.answer();
    }

    /// Gives the caller an error in place of its answer.
    pub(super) fn reject(self, error: ServiceError) {
        self.0.reject(error);
    }
}

/// What a committer does with an operation whose type it does not know.
#[async_trait]
trait AnyOperation: Send + Sync {
    fn users(&self) -> Vec<&UserId>;
    fn key(&self) -> Option<(&UserId, KeyHash)>;
    async fn apply(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError>;
    fn answer(self: Box<Self>);
    fn reject(self: Box<Self>, error: ServiceError);
}

impl std::fmt::Debug for dyn AnyOperation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AnyOperation")
            .field("users", &self.users().len())
            .finish()
    }
}

struct WaitingOperation<O: Operation> {
    operation: O,
    deadline: Option<Deadline>,
    /// When the sender of a request sent it.
    sent: Option<Instant>,
    request: Option<RequestContext>,
    /// The answer between the operation and its commit.
    answer: Option<Result<O::Answer, ServiceError>>,
    reply: oneshot::Sender<Result<O::Answer, ServiceError>>,
}

#[async_trait]
impl<O: Operation> AnyOperation for WaitingOperation<O> {
    fn users(&self) -> Vec<&UserId> {
        self.operation.users()
    }

    fn key(&self) -> Option<(&UserId, KeyHash)> {
        self.operation.key()
    }

    async fn apply(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        batch.request.clone_from(&self.request);
        batch.sent_ago = self.sent.map(|sent| sent.elapsed()).unwrap_or_default();
        self.answer = Some(if self.deadline.is_some_and(Deadline::has_passed) {
            let message = "the caller's deadline passed before the change was written; nothing was accepted";
            Err(ServiceError::new(ErrorCode::Expired, message))
        } else {
            match self.operation.apply(batch).await {
                Ok(answer) => Ok(answer),
                Err(OperationError::Rejected(error)) => Err(error),
                Err(OperationError::Store(error)) => return Err(error),
            }
        });
        Ok(())
    }

    fn answer(self: Box<Self>) {
        if let Some(answer) = self.answer {
            // A caller that no longer waits has no use for the answer.
            let _ = self.reply.send(answer);
        }
    }

    fn reject(self: Box<Self>, error: ServiceError) {
        let _ = self.reply.send(Err(error));
    }
}
