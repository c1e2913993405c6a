//! What may happen next.

use contracts::{LeaseAnswer, ResultsReported, UserChanged, UsersClaimed};
use hubspot::engine::{Input, Output, RequestId, UserServiceError};

use crate::{agenda::Time, fault::Fault, hubspot_model::CallOut, user_service::Request};

/// One process: a worker's place, and which of its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    /// The place.
    pub(crate) place: usize,
    /// The life.
    pub(crate) life: u32,
}

/// A worker's request to the user service.
#[derive(Debug, Clone)]
pub(crate) struct WorkerRequest {
    /// The worker that sent it.
    pub(crate) from: Process,
    /// What it asks.
    pub(crate) output: Output,
    /// When the worker stops waiting.
    pub(crate) until: Time,
    /// Whether the worker gets the answer; that to a duplicate is dropped.
    pub(crate) answered: bool,
}

/// The user service's answer to a worker.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// To a request for the lease.
    Lease(Result<LeaseAnswer, UserServiceError>),
    /// To a claim.
    Claims(RequestId, Result<UsersClaimed, UserServiceError>),
    /// To results.
    Recorded(RequestId, Result<ResultsReported, UserServiceError>),
}

impl From<Reply> for Input {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Lease(answer) => Self::LeaseResponse(answer),
            Reply::Claims(request, answer) => Self::ClaimResponse(request, answer),
            Reply::Recorded(request, answer) => Self::ReportResponse(request, answer),
        }
    }
}

/// One thing that happens.
#[derive(Debug)]
pub(crate) enum Event {
    /// A caller changes some user.
    Change,
    /// A caller changes this user.
    ChangeOf {
        /// The user.
        user: usize,
    },
    /// A caller or an operator sends a request.
    Send(Box<Request>),
    /// The user service looks for users that are due.
    Sweep,
    /// A committer of the user service commits what waits for it.
    Commit {
        /// Which committer.
        number: usize,
        /// Which start of the service it belongs to.
        life: u32,
    },
    /// Somebody compares users with their contacts.
    Inspect,
    /// An engine wants to be woken.
    Tick(Process),
    /// Something reaches a worker.
    Tell(Process, Box<Input>),
    /// What an engine asked for leaves its process.
    Leave(Process, Box<Output>),
    /// A worker's request reaches the user service.
    Arrive(Box<WorkerRequest>),
    /// HubSpot executes a call.
    Effect(Box<CallOut>),
    /// The relay of the user service publishes a wake-up.
    Publish(Box<Publication>),
    /// Wake-ups failed, and their user is made due.
    WakeNow {
        /// The user.
        user: usize,
    },
    /// The user service notices that the stream has lost wake-ups.
    WakeAnnounced,
    /// A wake-up reaches a worker.
    Deliver {
        /// The worker that gets it.
        process: Process,
        /// The user to deliver.
        user: usize,
        /// The wake-up's number in the stream.
        sequence: u64,
        /// Which consumer it was sent to.
        made: u64,
    },
    /// A wake-up that the stream rejected reaches a worker.
    Notify {
        /// The worker that gets it.
        process: Process,
        /// The user to deliver.
        user: usize,
    },
    /// A worker creates its consumer again.
    Consume(Process),
    /// A wake-up that was not acknowledged is delivered again.
    Redeliver {
        /// The wake-up's number in the stream.
        sequence: u64,
        /// Which consumer it was sent to.
        made: u64,
    },
    /// A process starts in that place.
    Start(usize),
    /// The time is over in which a worker was to stop.
    End(Process),
    /// A fault occurs once.
    Occur(Fault),
    /// A lasting fault begins.
    Begin(Fault),
    /// A lasting fault ends.
    Finish(Fault),
    /// A copy of the stream is kept, to be rolled back to.
    Snapshot,
    /// From now on nothing goes wrong.
    Calm,
}

/// A wake-up that the relay publishes.
#[derive(Debug)]
pub(crate) struct Publication {
    /// The wake-up.
    pub(crate) change: UserChanged,
    /// How often the stream rejected it, because it holds an earlier one of this user.
    pub(crate) rejected: usize,
    /// Which start of the user service committed it; wake-ups that are on their way are lost with the process.
    pub(crate) life: u32,
}

impl Event {
    /// Whether somebody's work is not done before it happens.
    pub(crate) fn is_work(&self) -> bool {
        match self {
            Self::Change
            | Self::ChangeOf { .. }
            | Self::Sweep
            // The service knows what waits for it.
            | Self::Commit { .. }
            | Self::Inspect
            | Self::Tick(_)
            | Self::Occur(_)
            | Self::Begin(_)
            | Self::Finish(_)
            | Self::Snapshot
            | Self::Redeliver { .. }
            | Self::Calm => false,
            Self::Tell(_, input) => !matches!(**input, Input::LeaseResponse(_)),
            Self::Leave(_, output) => !matches!(**output, Output::ChangeLease(_)),
            Self::Arrive(request) => !matches!(request.output, Output::ChangeLease(_)),
            _ => true,
        }
    }

    /// Whether it was planned from the start.
    pub(crate) fn is_scripted(&self) -> bool {
        matches!(
            self,
            Self::Change
                | Self::ChangeOf { .. }
                | Self::Inspect
                | Self::Occur(_)
                | Self::Begin(_)
                | Self::Finish(_)
                | Self::Calm
        )
    }
}
