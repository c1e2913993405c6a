//! What goes into the engine and what comes out of it. What HubSpot is asked and how it answers is in `call` and
//! `response`.

use std::{sync::Arc, time::Duration};

use contracts::{
    ChangeLease, ClaimUsers, ErrorCode, FieldDefinitions, LeaseAnswer, Priority, ReportResults,
    ResultsReported, UserId, UsersClaimed,
};

use super::{Call, CallResponse, InspectedContacts, Inspection, InspectionError, WorkerStatus};

/// Names a call between [`Output::Call`] and [`Input::CallResponse`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Names an inspection between its input and its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct InspectionId(pub u64);

/// Names a request to the user service between its output and its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// Names an attempt within an engine; a later one has a higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AttemptId(pub(crate) u64);

/// Numbers requests, calls and attempts, each number once.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    last: u64,
}

impl Ids {
    pub(crate) fn request(&mut self) -> RequestId {
        RequestId(self.next())
    }

    pub(crate) fn call(&mut self) -> CallId {
        CallId(self.next())
    }

    pub(crate) fn attempt(&mut self) -> AttemptId {
        AttemptId(self.next())
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

/// Acknowledges one wake-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AckHandle {
    /// The wake-up's position in the stream. Of two wake-ups for one user, the higher position is the newer one.
    pub sequence: u64,
    /// The subject that the acknowledgement is sent to.
    pub reply: Arc<str>,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// Nothing happened except that time passed.
    Tick,
    /// The broker delivered a wake-up, or the user service sent one past the stream.
    WakeUp {
        /// The user that needs delivery.
        user_id: UserId,
        /// Whether a caller waits for this change or an import made it.
        priority: Priority,
        /// What acknowledges the wake-up; none if the stream did not deliver it.
        ack: Option<AckHandle>,
    },
    /// The connection or the consumer was lost, so earlier acknowledgement handles are useless.
    WakeUpsDropped,
    /// The response to [`Output::ChangeLease`].
    LeaseResponse(Result<LeaseAnswer, UserServiceError>),
    /// The response to [`Output::Claim`].
    ClaimResponse(RequestId, Result<UsersClaimed, UserServiceError>),
    /// The response to [`Output::Report`].
    ReportResponse(RequestId, Result<ResultsReported, UserServiceError>),
    /// The response to [`Output::Call`].
    CallResponse(CallId, CallResponse),
    /// Somebody wants to read contacts while no delivery needs the calls.
    Inspect {
        /// The id that the output repeats.
        id: InspectionId,
        /// The contacts to read.
        inspection: Inspection,
        /// Whether it may be sent although an operator has paused delivery.
        even_paused: bool,
        /// The time after which nobody waits for it any more.
        until: Duration,
    },
    /// The set of fields is known, or has changed. Nobody is claimed before it is known.
    Fields(Arc<FieldDefinitions>),
    /// The token was replaced. The engine asks for the account behind it before it sends anything else.
    TokenReplaced,
    /// Finish the calls in flight, start nothing, release the lease.
    ShutDown,
}

/// Why the user service did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserServiceError {
    /// The user service rejected the request.
    Rejected(ErrorCode),
    /// No response came, or the request could not be sent.
    NoResponse,
}

/// Something to do. Each request and each call gets exactly one response; a lost one gets an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Ask for the lease, or release it.
    ChangeLease(ChangeLease),
    /// The lease was gained under a new epoch: create the consumer again and pass on its wake-ups.
    OpenConsumer {
        /// The new epoch.
        epoch: u64,
    },
    /// The lease is lost: pass on no more wake-ups.
    CloseConsumer,
    /// Ask the user service for claims.
    Claim(RequestId, ClaimUsers),
    /// Report results. The engine repeats them under a new id until the user service takes them.
    Report(RequestId, ReportResults),
    /// Call HubSpot.
    Call(CallId, Call),
    /// The result of [`Input::Inspect`].
    Inspected(InspectionId, Result<InspectedContacts, InspectionError>),
    /// Acknowledge these wake-ups.
    Ack(Vec<AckHandle>),
    /// The worker's status changed.
    Status(WorkerStatus),
    /// Every call is finished, every result reported, and the lease released.
    ShutDownComplete,
}
