//! What may happen to a row.

use contracts::{Field, LinkOrigin};

/// One event of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A caller gives the field a new value.
    Change(Field),
    /// The holder of the lease claims the user.
    Claim,
    /// Another worker gets the lease and claims the user.
    ClaimWithNewLease,
    /// The attempt that has been in flight for longest ends.
    EndOldest(AttemptEnd),
    /// The attempt that was given last ends.
    EndNewest(AttemptEnd),
    /// The last result is reported once more.
    RepeatReport,
    /// An operator changes the user.
    Operator(OperatorAction),
    /// HubSpot applies a late write.
    ApplyLateWrite,
    /// A second passes. As with the other times, the row is swept at its end.
    Second,
    /// The term of an attempt passes.
    AttemptTerm,
    /// The time of a late-write window passes.
    LateWriteTerm,
}

/// What an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OperatorAction {
    /// Sends every field again.
    Resync,
    /// Links the user to a new contact.
    LinkToNew,
    /// Links the user to its first contact, which late writes may still reach.
    LinkToFirst,
    /// Unlinks the user.
    Unlink,
}

const OPERATOR_ACTIONS: [OperatorAction; 4] = [
    OperatorAction::Resync,
    OperatorAction::LinkToNew,
    OperatorAction::LinkToFirst,
    OperatorAction::Unlink,
];

/// How an attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptEnd {
    /// Every dirty field is confirmed.
    Confirmed,
    /// The call timed out, and its write is applied late.
    TimedOut,
    /// The attempt fails and writes nothing.
    Failed,
    /// The same, and the failure counts against the record.
    FailedAndCounted,
    /// One field is rejected, and the others are confirmed.
    OneRejected,
    /// No contact is found.
    NotFound,
    /// A contact is found in this way.
    ContactFound(LinkOrigin),
    /// The contact was merged into another one, and the values were written there.
    Merged,
    /// The worker dies during its call, and the write is applied late.
    WorkerDies,
}

const ATTEMPT_ENDS: [AttemptEnd; 11] = [
    AttemptEnd::Confirmed,
    AttemptEnd::TimedOut,
    AttemptEnd::Failed,
    AttemptEnd::FailedAndCounted,
    AttemptEnd::OneRejected,
    AttemptEnd::NotFound,
    AttemptEnd::ContactFound(LinkOrigin::PrimaryAddress),
    AttemptEnd::ContactFound(LinkOrigin::SecondaryAddress),
    AttemptEnd::ContactFound(LinkOrigin::Followed),
    AttemptEnd::Merged,
    AttemptEnd::WorkerDies,
];

impl Step {
    /// Every step. Not each of them is possible at any time.
    pub(super) fn all() -> Vec<Self> {
        let mut steps = vec![
            Self::Claim,
            Self::ClaimWithNewLease,
            Self::RepeatReport,
            Self::ApplyLateWrite,
            Self::Second,
            Self::AttemptTerm,
            Self::LateWriteTerm,
        ];
        steps.extend(Field::BUILT_IN.map(Self::Change));
        steps.extend(OPERATOR_ACTIONS.map(Self::Operator));
        steps.extend(ATTEMPT_ENDS.map(Self::EndOldest));
        steps.extend(ATTEMPT_ENDS.map(Self::EndNewest));
        steps
    }
}
