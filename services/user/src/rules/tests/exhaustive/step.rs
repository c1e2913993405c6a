//! What may happen to a row.

use contracts::{Field, LinkOrigin};

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A caller gives the field a new value.
    Change(Field),
    /// The holder of the lease claims the user.
    Claim,
    /// The lease passes on, and the new holder claims the user.
    ClaimNewer,
    /// What became of the attempt that has been out for longest.
    Oldest(Fate),
    /// What became of the attempt given last.
    Newest(Fate),
    /// The last verdict is recorded once more.
    Repeat,
    /// An operator does something to the user.
    Operator(Act),
    /// HubSpot carries out a late call.
    CarryOutLate,
    /// Time passes, and rows are swept.
    Second,
    Term,
    Doubt,
}

/// What an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Resync,
    /// To a contact that nobody has had so far.
    LinkToNew,
    /// To the first contact that the user ever had, where late calls may still go.
    LinkToFirst,
    Unlink,
}

const ACTS: [Act; 4] = [Act::Resync, Act::LinkToNew, Act::LinkToFirst, Act::Unlink];

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    MayBeLate,
    NotDone,
    Charged,
    Refused,
    Missing,
    Found(LinkOrigin),
    /// The contact was merged into another; its values were written there.
    Merged,
    /// The worker dies with a call out, which is carried out late.
    DiesWithCallOut,
}

const FATES: [Fate; 11] = [
    Fate::Done,
    Fate::MayBeLate,
    Fate::NotDone,
    Fate::Charged,
    Fate::Refused,
    Fate::Missing,
    Fate::Found(LinkOrigin::PrimaryAddress),
    Fate::Found(LinkOrigin::SecondaryAddress),
    Fate::Found(LinkOrigin::Followed),
    Fate::Merged,
    Fate::DiesWithCallOut,
];

impl Step {
    /// Everything that may happen; not all of it can happen at any time.
    pub(super) fn all() -> Vec<Self> {
        let mut steps = vec![
            Self::Claim,
            Self::ClaimNewer,
            Self::Repeat,
            Self::CarryOutLate,
            Self::Second,
            Self::Term,
            Self::Doubt,
        ];
        steps.extend(Field::ALL.map(Self::Change));
        steps.extend(ACTS.map(Self::Operator));
        steps.extend(FATES.map(Self::Oldest));
        steps.extend(FATES.map(Self::Newest));
        steps
    }
}
