//! What follows from a call that failed as a whole. Decides only; dispatch carries it out.

use std::time::Duration;

use super::{Call, CallError, CallErrorKind, HaltCause};

/// What follows from a call that failed as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FailedCall {
    /// The account is at fault: halt delivery, give the attempts back.
    HaltFor(HaltCause, Option<Duration>),
    /// A rate limit was hit: wait, give the attempts back.
    RateLimited(Option<Duration>),
    /// A record of the call or the account is at fault, perhaps for this cause. A check tells.
    Undecided(HaltCause),
    /// One contact of the batch is locked, and the error does not say which. Give all of them back; they are claimed
    /// again in smaller batches once the lock is over.
    LockedBatch,
    /// One record of the batch is at fault, and the error does not say which. Send smaller batches at once.
    SplitBatch,
    /// The call was for a single record, which is at fault.
    Single,
}

/// Decides what follows from a call for `size` attempts that failed as a whole.
pub(crate) fn classify(error: &CallError, size: usize) -> FailedCall {
    if let Some((cause, retry_after)) = HaltCause::of(error).filter(|(cause, _)| cause.is_certain()) {
        return FailedCall::HaltFor(cause, retry_after);
    }
    if let Some(cause) = possible_cause(error) {
        return FailedCall::Undecided(cause);
    }
    match &error.kind {
        CallErrorKind::RateLimited { retry_after, .. } => FailedCall::RateLimited(*retry_after),
        CallErrorKind::Locked if size > 1 => FailedCall::LockedBatch,
        _ if size > 1 => FailedCall::SplitBatch,
        _ => FailedCall::Single,
    }
}

/// The cause of the account that an error may have, if a record may have caused it as well.
pub(crate) fn possible_cause(error: &CallError) -> Option<HaltCause> {
    if let Some((cause, _)) = HaltCause::of(error) {
        return (!cause.is_certain()).then_some(cause);
    }
    match error.kind {
        CallErrorKind::ServerError { .. }
        | CallErrorKind::NoResponse
        | CallErrorKind::UnreadableBody
        // A firewall may block this record's values, or every call.
        | CallErrorKind::Forbidden
        | CallErrorKind::UnexpectedStatus
        | CallErrorKind::UnknownCategory => Some(HaltCause::Outage),
        _ => None,
    }
}

/// What follows for the records of a batch that failed, while it is not known yet whether one of them is at fault.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Look the addresses up before creating anything again.
    LookUpCreates,
    /// Send smaller batches at once.
    SplitNow,
    /// Give the attempts back. They are claimed again in smaller batches.
    SplitLater,
}

pub(crate) fn retry_of_batch(call: &Call, error: &CallError) -> Retry {
    match error.kind {
        CallErrorKind::ServerError { .. } if matches!(call, Call::Create { .. }) => Retry::LookUpCreates,
        // Calls without a response take long. One half after the other could take the whole term of the attempts.
        CallErrorKind::NoResponse | CallErrorKind::UnreadableBody => Retry::SplitLater,
        _ => Retry::SplitNow,
    }
}

/// What HubSpot may have done with a write that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PossibleWrite {
    /// It was not applied, and will not be.
    None,
    /// It may have been applied.
    Applied,
    /// It may have been applied, or may be applied later.
    AppliedOrLate,
}

/// What HubSpot may have done with a write that failed this way.
pub(crate) fn possible_write(kind: &CallErrorKind) -> PossibleWrite {
    match kind {
        CallErrorKind::ServerError { .. } | CallErrorKind::NoResponse => PossibleWrite::AppliedOrLate,
        CallErrorKind::UnreadableBody => PossibleWrite::Applied,
        _ => PossibleWrite::None,
    }
}

/// Whether a failed read may succeed later without anybody acting.
pub(crate) fn is_transient(kind: &CallErrorKind) -> bool {
    matches!(
        kind,
        CallErrorKind::ServerError { .. }
            | CallErrorKind::NoResponse
            | CallErrorKind::UnreadableBody
            | CallErrorKind::UnknownCategory
            | CallErrorKind::NoSuchPath
            | CallErrorKind::Locked
    )
}
