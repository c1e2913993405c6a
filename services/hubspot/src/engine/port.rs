//! What goes into the engine and what comes out of it.

use std::{sync::Arc, time::Duration};

use contracts::{
    ChangeLease, ClaimUsers, ErrorCode, LeaseAnswer, Priority, Reason, ReportResults, ResultsReported,
    UserId, UsersClaimed,
};

use super::{Call, CallResponse, HaltCause, InspectedContacts, Inspection, WorkerStatus};

/// Names a call between [`Output::Call`] and [`Input::Answered`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Names an inspection between its input and its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct InspectionId(pub u64);

/// Names a request to the user service between its output and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// By which a wake-up is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AckHandle {
    /// Its place in the stream: of two for a user, the higher is the newer.
    pub sequence: u64,
    /// Where the acknowledgement goes.
    pub reply: Arc<str>,
}

/// Something happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// Nothing but time passed.
    Tick,
    /// The broker says that a user wants attention.
    WakeUp {
        /// Who.
        user_id: UserId,
        /// How urgent.
        priority: Priority,
        /// What acknowledges it.
        ack: AckHandle,
    },
    /// The connection or the consumer was lost: handles given before mean nothing any more.
    WakeUpsDropped,
    /// To [`Output::AskLease`].
    LeaseResponse(Result<LeaseAnswer, UserServiceError>),
    /// To [`Output::Claim`].
    ClaimResponse(RequestId, Result<UsersClaimed, UserServiceError>),
    /// To [`Output::Record`].
    ReportResponse(RequestId, Result<ResultsReported, UserServiceError>),
    /// To [`Output::Call`].
    CallResponse(CallId, CallResponse),
    /// Contacts are to be read when nothing else wants to be sent.
    Inspect {
        /// Names it.
        id: InspectionId,
        /// Which contacts.
        inspection: Inspection,
        /// Whether it may go while an operator has paused delivery, too.
        even_paused: bool,
        /// When nobody waits for it to be sent any more.
        until: Duration,
    },
    /// The token was replaced; the account behind it is asked for before anything else is sent.
    TokenReplaced,
    /// Finish what is out, start nothing, give back the lease.
    ShutDown,
}

/// Why the user service did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserServiceError {
    /// It refused.
    Rejected(ErrorCode),
    /// It did not answer, or the question could not be asked.
    NoResponse,
}

/// Why contacts were not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InspectionError {
    /// The worker is stopping.
    ShuttingDown,
    /// Another worker delivers.
    NotDelivering,
    /// HubSpot has not said which account the token opens.
    AccountUnknown,
    /// A fault of the account has stopped the line.
    Halted {
        /// Why.
        cause: HaltCause,
        /// In HubSpot's words.
        reason: Reason,
    },
    /// The window has no call that changes could do without.
    WindowTooSmall,
    /// What is left of the account's calls of the day is kept for deliveries.
    DayRunsShort,
    /// An operator has paused delivery, for as long as it waited.
    Paused,
    /// Deliveries, or inspections before it, took all the time there was.
    Busy,
    /// HubSpot did not do it, and a single one of the contacts may be why.
    Unreadable(Reason),
    /// HubSpot did not do it, whatever the contacts.
    Failed(Reason),
}

impl InspectionError {
    /// A sentence for people: what it is and how it mends. No personal data.
    pub fn message(&self) -> String {
        match self {
            Self::ShuttingDown => "the worker that delivers is stopping; ask again in a moment".to_owned(),
            Self::NotDelivering => "another worker has taken over delivery; ask again in a moment".to_owned(),
            Self::AccountUnknown => {
                "HubSpot has not said yet which account the token opens; ask again, or look at /readyz of the \
                 hubspot service"
                    .to_owned()
            }
            Self::Halted { cause: fault, .. } => format!("the line is stopped: {}", fault.message()),
            Self::WindowTooSmall => "the calls of ten seconds are too few to spare one of them; raise \
                                     HUBSPOT_WINDOW_LIMIT to three, or lower HUBSPOT_WINDOW_RESERVE_PERCENT"
                .to_owned(),
            Self::DayRunsShort => "half of the account's calls of the day is used up, and the rest is kept for \
                                   changes; ask again when HubSpot's day is over"
                .to_owned(),
            Self::Paused => "an operator has paused delivery, and this one waits for its end; resume it".to_owned(),
            Self::Busy => "changes go first and left no room in time; ask again later".to_owned(),
            Self::Unreadable(reason) | Self::Failed(reason) => {
                let status = reason.status.map_or_else(String::new, |status| format!(" ({status})"));
                format!("HubSpot did not answer the question for contacts: {}{status}; ask again later", reason.code)
            }
        }
    }
}

/// Something is to be done. Each request and each call gets exactly one answer, a failure where it got none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Ask for the lease.
    ChangeLease(ChangeLease),
    /// A lease under a new epoch: create the consumer anew and deliver wake-ups.
    OpenConsumer {
        /// The epoch.
        epoch: u64,
    },
    /// The lease is lost: deliver no more wake-ups.
    CloseConsumer,
    /// Ask for claims.
    Claim(RequestId, ClaimUsers),
    /// Report verdicts; sent again, under a new id, until it is answered.
    Report(RequestId, ReportResults),
    /// Call HubSpot.
    Call(CallId, Call),
    /// To [`Input::Inspect`].
    Inspected(InspectionId, Result<InspectedContacts, InspectionError>),
    /// These wake-ups are done.
    Ack(Vec<AckHandle>),
    /// The line's state changed.
    Status(WorkerStatus),
    /// Everything that was out is finished and the lease is given back.
    ShutDownComplete,
}

/// What an engine is told once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The random id this worker drew.
    pub holder: String,
    /// What to do with an address that another contact holds.
    pub email_conflict: EmailConflict,
    /// What to do with a user that has no contact.
    pub missing_contact: MissingContact,
    /// The most calls out at once.
    pub concurrency: usize,
    /// The longest a call takes before it counts as unanswered.
    pub call_timeout: Duration,
    /// How much of HubSpot's limits to use.
    pub quota: QuotaSettings,
}

/// How much of HubSpot's limits a worker uses. What the answers' headers say counts where it is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuotaSettings {
    /// The most calls in a window of ten seconds; none for what HubSpot allows.
    pub calls_per_window: Option<u32>,
    /// The most calls in any 24 hours, as far as this worker remembers them; none for what HubSpot allows.
    pub calls_per_day: Option<u64>,
    /// The percentage of the window that is left to others who use the same app.
    pub window_reserve_percent: u8,
    /// The percentage of the day that is left to other apps of the account.
    pub day_reserve_percent: u8,
}

impl Settings {
    /// The usual settings for a worker of that id.
    pub fn for_holder(holder: impl Into<String>) -> Self {
        Self {
            holder: holder.into(),
            email_conflict: EmailConflict::Follow,
            missing_contact: MissingContact::Skip,
            concurrency: 10,
            call_timeout: Duration::from_secs(10),
            quota: QuotaSettings::default(),
        }
    }
}

/// What to do with a user whose addresses no contact has, and that was never linked to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingContact {
    /// Settle it as missing, and look again later.
    #[default]
    Skip,
    /// Create a contact.
    Create,
}

/// What to do with an address that another contact holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmailConflict {
    /// Link the user to that contact, unless the user service refuses.
    #[default]
    Follow,
    /// Settle the address as taken.
    Reject,
}
