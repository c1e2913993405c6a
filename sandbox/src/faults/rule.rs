//! Rules: a matcher, an action, and how often it still applies.

use serde::{Deserialize, Serialize};

use super::{BodyKind, CallFacts, KnownError, Matcher};

/// One fault: what happens, and to which calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Which calls are hit.
    #[serde(default)]
    pub on: Matcher,
    /// What happens to them.
    #[serde(rename = "do")]
    pub action: Action,
}

/// What happens to a call that is hit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// An error instead of the answer.
    Answer {
        /// The error by its name in the catalogue, such as `429-daily`.
        error: KnownError,
        /// The body, if not the usual one.
        #[serde(default)]
        body: Option<BodyKind>,
        /// Seconds in `Retry-After`, if not the usual ones.
        #[serde(default)]
        retry_after: Option<u64>,
        /// Whether the call takes effect all the same.
        #[serde(default)]
        effect: Effect,
    },
    /// The call takes this much longer.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The connection ends.
    Cut {
        /// When.
        at: CutPoint,
    },
    /// No answer comes; after `ms` the gateway gives up with a 524.
    Hang {
        /// Milliseconds until the gateway's answer; HubSpot's gives up after 100 s.
        #[serde(default = "gateway_patience_ms")]
        ms: u64,
        /// Whether and when the call takes effect.
        #[serde(default)]
        effect: Effect,
    },
    /// A 2xx with empty lists, and no effect.
    EmptySuccess,
    /// A 200 that does not say what was done, as a proxy might give it.
    OddSuccess {
        /// Its body: an object without members, a page, or nothing.
        body: BodyKind,
        /// Whether and when the call takes effect.
        #[serde(default)]
        effect: Effect,
    },
}

fn gateway_patience_ms() -> u64 {
    100_000
}

/// When the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CutPoint {
    /// Before the call takes effect.
    BeforeEffect,
    /// After the effect, before the first byte of the answer.
    AfterEffect,
    /// In the middle of the answer.
    MidAnswer,
}

/// Whether a call that looks failed takes effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It does not.
    #[default]
    None,
    /// It does, this many milliseconds later, whatever was answered; 0 is at once.
    AfterMs(u64),
}

impl Fault {
    /// An error for every call that matches.
    pub fn answer(error: KnownError) -> Self {
        Self::new(Action::Answer {
            error,
            body: None,
            retry_after: None,
            effect: Effect::None,
        })
    }

    /// An error that hides a write: the call takes effect after `delay_ms` all the same.
    pub fn answer_with_late_effect(error: KnownError, delay_ms: u64) -> Self {
        Self::new(Action::Answer {
            error,
            body: None,
            retry_after: None,
            effect: Effect::AfterMs(delay_ms),
        })
    }

    /// A record that makes HubSpot answer 500 whenever it is in a call.
    pub fn poisoned_contact(id: impl std::fmt::Display) -> Self {
        Self::answer(KnownError::Server(500)).for_contact(id)
    }

    /// Every call takes this much longer.
    pub fn delay(ms: u64) -> Self {
        Self::new(Action::Delay { ms })
    }

    /// The connection of every call ends.
    pub fn cut(at: CutPoint) -> Self {
        Self::new(Action::Cut { at })
    }

    /// No answer comes until the gateway gives up; the call takes effect or not.
    pub fn hang(effect: Effect) -> Self {
        let ms = gateway_patience_ms();
        Self::new(Action::Hang { ms, effect })
    }

    /// A 2xx with empty lists, and no effect.
    pub fn empty_success() -> Self {
        Self::new(Action::EmptySuccess)
    }

    /// A 200 that does not say what was done; the call takes effect or not.
    pub fn odd_success(body: BodyKind, effect: Effect) -> Self {
        Self::new(Action::OddSuccess { body, effect })
    }

    /// Any action, for every call.
    pub fn new(action: Action) -> Self {
        Self {
            on: Matcher::default(),
            action,
        }
    }

    /// Hits only calls whose path contains this part.
    #[must_use]
    pub fn on_path(mut self, part: &str) -> Self {
        self.on.path = Some(part.to_owned());
        self
    }

    /// Hits only calls about this contact.
    #[must_use]
    pub fn for_contact(mut self, id: impl std::fmt::Display) -> Self {
        self.on.contact = Some(id.to_string());
        self
    }

    /// Hits only calls that name this address, or a contact that holds it.
    #[must_use]
    pub fn for_email(mut self, email: &str) -> Self {
        self.on.email = Some(email.to_owned());
        self
    }

    /// Hits only calls that write this property.
    #[must_use]
    pub fn for_property(mut self, name: &str) -> Self {
        self.on.property = Some(name.to_owned());
        self
    }

    /// Is over after so many calls.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.on.times = Some(count);
        self
    }

    /// Hits only this share of the calls, from 0 to 1.
    #[must_use]
    pub fn share(mut self, share: f64) -> Self {
        self.on.share = Some(share);
        self
    }
}

/// A fault with its number and how often it has struck.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NumberedFault {
    pub(crate) id: u64,
    pub(crate) hits: u32,
    #[serde(flatten)]
    pub(crate) fault: Fault,
}

/// Every fault that is in force, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct FaultRules {
    rules: Vec<NumberedFault>,
    last_id: u64,
}

impl FaultRules {
    pub(crate) fn add(&mut self, fault: Fault) -> u64 {
        self.last_id += 1;
        self.rules.push(NumberedFault {
            id: self.last_id,
            hits: 0,
            fault,
        });
        self.last_id
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let count = self.rules.len();
        self.rules.retain(|rule| rule.id != id);
        self.rules.len() < count
    }

    pub(crate) fn all(&self) -> &[NumberedFault] {
        &self.rules
    }

    /// The first fault that hits a call. `chance` yields numbers from 0 up to 1.
    pub(crate) fn strike(
        &mut self,
        call: &CallFacts,
        mut chance: impl FnMut() -> f64,
    ) -> Option<NumberedFault> {
        let is_left = |rule: &NumberedFault| rule.fault.on.times.is_none_or(|times| rule.hits < times);
        let rule = self.rules.iter_mut().find(|rule| {
            let on = &rule.fault.on;
            is_left(rule) && on.matches(call) && on.share.is_none_or(|share| chance() < share)
        })?;
        rule.hits += 1;
        Some(rule.clone())
    }
}
