//! A model of HubSpot that shares nothing with the sandbox or the client: contacts, what is written to them and by
//! whom, and what they answer.

mod answers;
mod contacts;
mod people;
mod rules;
mod writes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use contracts::{Field, PerField, Reason};
use hubspot::engine::{Call, CallId, Limits, Problem, ProblemKind};

use crate::{
    agenda::Time,
    event::Process,
    fault::Fault,
    plan::{Plan, SECOND},
};

pub use contacts::{Contact, Writer};
pub use rules::{BAD, ODD};
pub use writes::Backwards;

/// The account behind the token.
pub const ACCOUNT: &str = "4711";
/// The first contact's record id.
const FIRST_ID: usize = 1_000;

/// Whose state a write carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Whose.
    pub user: usize,
    /// The number of the attempt.
    pub attempt: u64,
    /// The epoch it was given under.
    pub epoch: u64,
    /// In which version each field was last touched.
    pub touched: PerField<u64>,
    /// Which process sent it.
    pub process: Process,
}

/// A call that HubSpot has received.
#[derive(Debug)]
pub struct CallOut {
    /// Which process sent it.
    pub from: Process,
    /// What it is called there.
    pub id: CallId,
    /// What it is.
    pub call: Call,
    /// Whose state each input carries.
    pub authors: Vec<Option<Author>>,
    /// When its caller gives up.
    pub until: Time,
    /// Whether what HubSpot makes of it is told its caller; else the caller was told something else.
    pub is_told: bool,
    /// When its caller was or will be told something else.
    pub told_at: Time,
    /// What is unusual about its answer.
    pub fault: Option<Fault>,
}

/// The account's contacts.
#[derive(Debug)]
pub struct HubSpotModel {
    contacts: Vec<Contact>,
    by_address: BTreeMap<String, usize>,
    /// Rules that hold for everyone's field at the moment.
    rules: Vec<(Fault, Field)>,
    /// Faults of the account as a whole at the moment.
    pub troubles: Vec<Fault>,
    /// Addresses that no contact answered to when asked.
    pub not_found: BTreeSet<String>,
    /// Values that it refused; no two changes give the same value.
    pub refused: PerField<BTreeSet<String>>,
    /// Writes of an older value over a newer one, not yet looked at.
    pub backwards: Vec<Backwards>,
    /// When this system last wrote something.
    pub written_at: Time,
    /// How many older values were replaced since.
    pub repaired: u64,
    /// Faults that struck, not yet counted.
    pub struck: Vec<Fault>,
    recent: VecDeque<Time>,
    hides_secondary: bool,
    with_id: bool,
    without_id: bool,
    own_conflict: bool,
    calls_allowed: u32,
    tells_limits: bool,
}

impl HubSpotModel {
    /// An account without contacts.
    pub fn new(plan: &Plan) -> Self {
        Self {
            contacts: Vec::new(),
            by_address: BTreeMap::new(),
            rules: Vec::new(),
            troubles: Vec::new(),
            refused: PerField::default(),
            not_found: BTreeSet::new(),
            backwards: Vec::new(),
            written_at: 0,
            repaired: 0,
            struck: Vec::new(),
            recent: VecDeque::new(),
            hides_secondary: plan.has(Fault::HiddenSecondary),
            with_id: plan.has(Fault::TakenWithId),
            without_id: plan.has(Fault::TakenWithoutId),
            own_conflict: plan.has(Fault::OwnConflict),
            calls_allowed: plan.calls_allowed,
            tells_limits: plan.tells_limits,
        }
    }

    /// Counts a call; false where the window holds too many.
    pub fn admits(&mut self, now: Time) -> bool {
        while self.recent.front().is_some_and(|at| at + 10 * SECOND <= now) {
            self.recent.pop_front();
        }
        let admits = self.recent.len() < self.calls_allowed as usize;
        if admits {
            self.recent.push_back(now);
        }
        admits
    }

    /// What the headers say.
    pub fn limits(&self) -> Limits {
        if !self.tells_limits {
            return Limits::default();
        }
        let used = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        Limits {
            max: Some(self.calls_allowed),
            remaining: Some(self.calls_allowed.saturating_sub(used)),
            interval: Some(std::time::Duration::from_secs(10)),
            daily: Some(250_000),
            daily_remaining: Some(100_000),
        }
    }
}

/// A problem of that kind.
pub fn problem(kind: ProblemKind, code: &str) -> Problem {
    Problem {
        kind,
        reason: reason(code),
    }
}

/// A reason with that code.
pub fn reason(code: &str) -> Reason {
    Reason {
        code: code.to_owned(),
        message: String::new(),
        status: None,
        correlation_id: None,
    }
}
