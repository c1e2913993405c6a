//! A model of HubSpot that shares nothing with the sandbox or the client: contacts, what is written to them and by
//! whom, and what they answer.

mod answers;
mod contacts;
mod creates;
mod lookups;
mod people;
mod rules;
mod writes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use contracts::{Field, PerField, Reason, Value};
use hubspot::engine::{Call, CallError, CallErrorKind, CallId, RateLimitHeaders};

use crate::{
    agenda::Time,
    event::Process,
    fault::Fault,
    plan::{HOUR, Plan, SECOND},
};

pub(crate) use contacts::{Contact, Writer};
pub(crate) use rules::{BAD, FORM, GONE, ODD, REJECTED, kept};

/// What is written to a property: an empty text clears it.
pub(crate) fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_text).unwrap_or_default()
}

/// The account behind the token.
pub(crate) const ACCOUNT: &str = "4711";
/// Another account, which a wrong token opens.
const OTHER_ACCOUNT: &str = "4712";
/// The first contact's record id.
const FIRST_ID: usize = 1_000;

/// The user whose values a write carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Author {
    /// The user.
    pub(crate) user: usize,
    /// Whether no other user is possible; two users who share a contact may have the same dirty values.
    pub(crate) is_sure: bool,
    /// The number of the attempt.
    pub(crate) attempt: u64,
    /// The epoch it was given under.
    pub(crate) epoch: u64,
    /// The version that last changed each field.
    pub(crate) changed_in: PerField<u64>,
    /// Whether the user shared the contact when the attempt was claimed.
    pub(crate) is_sharing: bool,
    /// Which process sent it.
    pub(crate) process: Process,
}

/// A contact that was created for a user.
#[derive(Debug, Clone)]
pub(crate) struct Creation {
    /// The user, and the attempt that created it.
    pub(crate) author: Author,
    /// The contact.
    pub(crate) contact: usize,
    /// The address it was created with.
    pub(crate) address: String,
}

/// A call that HubSpot has received.
#[derive(Debug)]
pub(crate) struct CallOut {
    /// Which process sent it.
    pub(crate) from: Process,
    /// What it is called there.
    pub(crate) id: CallId,
    /// What it is.
    pub(crate) call: Call,
    /// The user whose values each input carries.
    pub(crate) authors: Vec<Option<Author>>,
    /// When its caller gives up.
    pub(crate) until: Time,
    /// Whether the worker gets HubSpot's answer; otherwise it gets something else.
    pub(crate) is_answered: bool,
    /// When the worker got or will get something else.
    pub(crate) answered_at: Time,
    /// What is unusual about its answer.
    pub(crate) fault: Option<Fault>,
}

/// A write of one user over a value that another user had written.
#[derive(Debug)]
pub(crate) struct ForeignWrite {
    /// Whose write it was.
    pub(crate) author: Author,
    /// Whose value was overwritten.
    pub(crate) other: usize,
    /// The contact whose value was overwritten.
    pub(crate) contact: usize,
    /// When the other user's value was written.
    pub(crate) written_at: Time,
    /// Whether the other user shared the contact when it was claimed for that.
    pub(crate) was_shared: bool,
}

/// The account's contacts.
#[derive(Debug)]
pub(crate) struct HubSpotModel {
    contacts: Vec<Contact>,
    by_address: BTreeMap<String, usize>,
    /// Rules that hold for everyone's field at the moment.
    rules: Vec<(Fault, Field)>,
    /// Faults of the account as a whole at the moment.
    pub(crate) problems: Vec<Fault>,
    /// Addresses that no contact answered to when asked.
    pub(crate) not_found: BTreeSet<String>,
    /// Values that it rejected; no two changes give the same value.
    pub(crate) rejected: PerField<BTreeSet<String>>,
    /// Writes of an older value over a newer one of the same user that were not checked yet, and the newer one's version.
    pub(crate) backwards: Vec<(Author, u64)>,
    /// Writes of one user over values of another one that were not checked yet.
    pub(crate) foreign_writes: Vec<ForeignWrite>,
    /// Contacts that this system created.
    pub(crate) created: Vec<Creation>,
    /// When this system last wrote something.
    pub(crate) written_at: Time,
    /// How many older values were replaced since.
    pub(crate) restored: u64,
    /// Faults that occurred and are not counted yet.
    pub(crate) occurred: Vec<Fault>,
    recent: VecDeque<Time>,
    /// Faults that are its way of answering.
    habits: Vec<Fault>,
    calls_allowed: u32,
    calls_of_day: u64,
    /// The day, and how many of its calls are spent.
    today: (Time, u64),
    shows_limits: bool,
}

impl HubSpotModel {
    /// An account without contacts.
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            contacts: Vec::new(),
            by_address: BTreeMap::new(),
            rules: Vec::new(),
            problems: Vec::new(),
            rejected: PerField::default(),
            not_found: BTreeSet::new(),
            backwards: Vec::new(),
            foreign_writes: Vec::new(),
            created: Vec::new(),
            written_at: 0,
            restored: 0,
            occurred: Vec::new(),
            recent: VecDeque::new(),
            habits: plan.faults().collect(),
            calls_allowed: plan.calls_allowed,
            calls_of_day: plan.day.0,
            today: (0, plan.day.1),
            shows_limits: plan.shows_limits,
        }
    }

    fn has_habit(&self, fault: Fault) -> bool {
        self.habits.contains(&fault)
    }

    /// Counts a call; false where the window holds too many.
    pub(crate) fn admits(&mut self, now: Time) -> bool {
        while self.recent.front().is_some_and(|at| at + 10 * SECOND <= now) {
            self.recent.pop_front();
        }
        let admits = self.recent.len() < self.calls_allowed as usize;
        if admits {
            self.recent.push_back(now);
            let day = now / (24 * HOUR);
            let spent = if self.today.0 == day { self.today.1 } else { 0 };
            self.today = (day, spent + 1);
        }
        admits
    }

    /// Whether the day's calls are spent.
    pub(crate) fn has_spent_its_day(&self, now: Time) -> bool {
        self.today.0 == now / (24 * HOUR) && self.today.1 >= self.calls_of_day
    }

    /// What the headers say.
    pub(crate) fn limits(&self) -> RateLimitHeaders {
        if !self.shows_limits {
            return RateLimitHeaders::default();
        }
        let used = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        RateLimitHeaders {
            max: Some(self.calls_allowed),
            remaining: Some(self.calls_allowed.saturating_sub(used)),
            interval: Some(std::time::Duration::from_secs(10)),
            daily: Some(self.calls_of_day),
            daily_remaining: Some(self.calls_of_day.saturating_sub(self.today.1)),
        }
    }
}

/// A problem of that kind.
pub(crate) fn problem(kind: CallErrorKind, code: &str) -> CallError {
    CallError {
        kind,
        reason: reason(code),
    }
}

/// A reason with that code.
pub(crate) fn reason(code: &str) -> Reason {
    Reason::ours(code, "")
}
