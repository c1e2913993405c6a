//! What may happen next.

use contracts::{LeaseAnswer, ResultsReported, UsersClaimed};
use hubspot::engine::{Input, Output, RequestId, UserServiceError};

use crate::{agenda::Time, fault::Fault, hubspot_model::CallOut};

/// One process: a worker's place, and which of its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    /// The place.
    pub(crate) place: usize,
    /// The life.
    pub(crate) life: u32,
}

/// A question to the user service on its way.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// Who asks.
    pub(crate) from: Process,
    /// What.
    pub(crate) output: Output,
    /// When whoever asks has given up.
    pub(crate) until: Time,
    /// Whether its answer is told; a duplicate's is not.
    pub(crate) answered: bool,
}

/// The user service's answer to a question.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// For the lease.
    Lease(Result<LeaseAnswer, UserServiceError>),
    /// For claims.
    Claims(RequestId, Result<UsersClaimed, UserServiceError>),
    /// To verdicts.
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
    /// A caller changes a user.
    Change,
    /// A caller changes this user.
    ChangeOf {
        /// Whom.
        user: usize,
    },
    /// A caller sends the same change again.
    RepeatChange(Box<crate::callers::Sent>),
    /// The sweep runs.
    Sweep,
    /// Somebody compares users with their contacts.
    Inspect,
    /// An engine wants to be woken.
    Tick(Process),
    /// Something reaches a worker.
    Tell(Process, Box<Input>),
    /// What an engine asked for leaves its process.
    Leave(Process, Box<Output>),
    /// A question reaches the user service.
    Arrive(Box<Question>),
    /// HubSpot carries a call out.
    Effect(Box<CallOut>),
    /// The relay announces a user.
    Announce {
        /// Who.
        user: usize,
        /// How often it was discarded.
        discarded: usize,
    },
    /// An announcement failed, and its user is made due.
    WakeNow {
        /// Who.
        user: usize,
    },
    /// The stream is found to have lost its memory.
    WakeAnnounced,
    /// A wake-up reaches a worker.
    Deliver {
        /// Which worker.
        process: Process,
        /// Who wants attention.
        user: usize,
        /// Its number in the stream.
        sequence: u64,
        /// Under which making of the consumer it was sent.
        made: u64,
    },
    /// The consumer of a worker is made anew.
    Consume(Process),
    /// An unacknowledged wake-up is delivered again.
    Redeliver {
        /// Its number in the stream.
        sequence: u64,
        /// Under which making of the consumer it was sent.
        made: u64,
    },
    /// A process starts in that place.
    Start(usize),
    /// A worker that was told to stop is stopped.
    End(Process),
    /// A fault strikes.
    Strike(Fault),
    /// A lasting fault begins.
    Begin(Fault),
    /// A lasting fault ends.
    Finish(Fault),
    /// The stream's contents are kept, to be rolled back to.
    Snapshot,
    /// From now on nothing goes wrong.
    Calm,
}

impl Event {
    /// Whether somebody has something in hand until it happens.
    pub(crate) fn is_work(&self) -> bool {
        match self {
            Self::Change
            | Self::ChangeOf { .. }
            | Self::Sweep
            | Self::Inspect
            | Self::Tick(_)
            | Self::Strike(_)
            | Self::Begin(_)
            | Self::Finish(_)
            | Self::Snapshot
            | Self::Redeliver { .. }
            | Self::Calm => false,
            Self::Tell(_, input) => !matches!(**input, Input::LeaseResponse(_)),
            Self::Leave(_, output) => !matches!(**output, Output::ChangeLease(_)),
            Self::Arrive(question) => !matches!(question.output, Output::ChangeLease(_)),
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
                | Self::Strike(_)
                | Self::Begin(_)
                | Self::Finish(_)
                | Self::Calm
        )
    }
}
