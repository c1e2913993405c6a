//! What the user service may be asked, by whom, and what it answers.

use contracts::{
    ChangeLease, ClaimUsers, ControlDelivery, ErrorCode, ImportLine, ImportResult, LeaseAnswer, LinkUser,
    ReportResults, ResultsReported, ServiceError, UnlinkUser, UpdateUser, UserUpdated, UsersClaimed,
};
use futures_util::{FutureExt, future::BoxFuture};
use user::{
    commit::{CommitQueue, Operation},
    operations::{RepairListed, ResyncListed, RetryListed, SweepUsers, WakePublishedUsers, WakeUsers},
};

use super::observed::{Observed, Scope, Watch};
use crate::event::WorkerRequest;

/// A request to the user service. Each is one operation of its group commit.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// A worker asks for the lease, or gives it back.
    Lease(ChangeLease),
    /// A worker claims users.
    Claim(ClaimUsers),
    /// A worker reports results.
    Report(ReportResults),
    /// A caller changes a user.
    Update(UpdateUser),
    /// A caller imports a line.
    Import(ImportLine),
    /// An operator pauses or resumes delivery.
    Control(ControlDelivery),
    /// An operator links a user to a contact.
    Link(LinkUser),
    /// An operator unlinks a user.
    Unlink(UnlinkUser),
    /// An operator has users with problems tried again.
    Retry(RetryListed),
    /// An operator has users sent again.
    Resync(ResyncListed),
    /// An operator has fields sent again that differ from their contacts.
    Repair(RepairListed),
    /// The service looks for users that are due.
    Sweep(SweepUsers),
    /// The service makes users due whose wake-ups failed.
    Wake(WakeUsers),
    /// The service makes users due whose wake-ups the stream has lost.
    WakeAnnounced(WakePublishedUsers),
}

/// Who asked.
#[derive(Debug)]
pub(crate) enum Asker {
    /// A worker, which waits for the answer.
    Worker(Box<WorkerRequest>),
    /// A caller, who may send the change again.
    Caller,
    /// An operator.
    Operator,
    /// The user service itself.
    Itself,
    /// Somebody who does not wait for the answer.
    Nobody,
}

/// An answer, as far as somebody reads it.
#[derive(Debug)]
pub(crate) enum Answer {
    Lease(LeaseAnswer),
    Claimed(UsersClaimed),
    Reported(ResultsReported),
    Updated(Box<UserUpdated>),
    Imported(ImportResult),
    /// How many users were due.
    Swept(usize),
    Done,
}

/// What an asker gets.
pub(crate) type Answered = Result<Answer, ServiceError>;

impl Request {
    /// Whether the user service is asked this all the time, so that it is no sign of work.
    pub(crate) fn is_routine(&self) -> bool {
        matches!(self, Self::Lease(_) | Self::Sweep(_))
    }

    /// Puts the operation into the queue as soon as the future is polled.
    pub(super) fn run(self, queue: CommitQueue, watch: Watch) -> BoxFuture<'static, Answered> {
        use Scope::{Loaded, Named};
        match self {
            Self::Lease(request) => run(queue, request, Named, watch, Answer::Lease),
            Self::Claim(request) => run(queue, request, Loaded, watch, Answer::Claimed),
            Self::Report(request) => run(queue, request, Loaded, watch, Answer::Reported),
            Self::Update(request) => run(queue, request, Named, watch, |updated| {
                Answer::Updated(Box::new(updated))
            }),
            Self::Import(request) => run(queue, request, Named, watch, Answer::Imported),
            Self::Control(request) => run(queue, request, Named, watch, |_| Answer::Done),
            Self::Link(request) => run(queue, request, Loaded, watch, |_| Answer::Done),
            Self::Unlink(request) => run(queue, request, Loaded, watch, |_| Answer::Done),
            Self::Retry(request) => run(queue, request, Named, watch, |_| Answer::Done),
            Self::Resync(request) => run(queue, request, Named, watch, |_| Answer::Done),
            Self::Repair(request) => run(queue, request, Named, watch, |_| Answer::Done),
            Self::Sweep(request) => run(queue, request, Loaded, watch, Answer::Swept),
            Self::Wake(request) => run(queue, request, Named, watch, |_| Answer::Done),
            Self::WakeAnnounced(request) => run(queue, request, Loaded, watch, |_| Answer::Done),
        }
    }
}

fn run<O: Operation>(
    queue: CommitQueue,
    operation: O,
    scope: Scope,
    watch: Watch,
    answer: impl FnOnce(O::Answer) -> Answer + Send + 'static,
) -> BoxFuture<'static, Answered> {
    let observed = Observed {
        operation,
        scope,
        watch,
    };
    // The simulation sees to expired requests itself: deadlines are real instants.
    async move { queue.run(observed, None).await.map(answer) }.boxed()
}

/// Whether the operation may have been done although its asker was told an error.
pub(crate) fn is_unknown(error: &ServiceError) -> bool {
    error.code == ErrorCode::OutcomeUnknown
}
