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
    /// Nothing says whether a record or HubSpot as a whole is at fault. Earlier failures may show it.
    Unexplained,
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
    if let Some((cause, retry_after)) = HaltCause::of(error) {
        return FailedCall::HaltFor(cause, retry_after);
    }
    match &error.kind {
        CallErrorKind::RateLimited { retry_after, .. } => FailedCall::RateLimited(*retry_after),
        CallErrorKind::ServerError { .. } | CallErrorKind::NoResponse | CallErrorKind::UnreadableBody => {
            FailedCall::Unexplained
        }
        CallErrorKind::Locked if size > 1 => FailedCall::LockedBatch,
        _ if size > 1 => FailedCall::SplitBatch,
        // A firewall's page or a redirect may come of this record's values. Two such failures of different records are
        // no record's fault.
        CallErrorKind::Forbidden | CallErrorKind::UnexpectedStatus => FailedCall::Unexplained,
        _ => FailedCall::Single,
    }
}

/// What follows from an unexplained failure that is not known to be HubSpot's as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// The call was for a single record, which may be at fault.
    Single,
    /// Look the addresses up before creating anything again.
    LookUpCreates,
    /// Send smaller batches at once.
    SplitNow,
    /// Give the attempts back. They are claimed again in smaller batches.
    SplitLater,
}

pub(crate) fn retry_after_unexplained(call: &Call, error: &CallError, size: usize) -> Retry {
    match error.kind {
        _ if size == 1 => Retry::Single,
        CallErrorKind::ServerError { .. } if matches!(call, Call::Create { .. }) => Retry::LookUpCreates,
        CallErrorKind::ServerError { .. } => Retry::SplitNow,
        // Calls without a response take long. One half after the other could take the whole term of the attempts.
        _ => Retry::SplitLater,
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
            | CallErrorKind::Locked
    )
}
