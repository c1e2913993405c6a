//! A fault: a matcher and an action. The list of active faults.

use serde::{Deserialize, Serialize};

use super::{BodyKind, CallFacts, KnownError, Matcher};

/// A fault: which calls it hits and what it does to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Which calls it hits.
    #[serde(default)]
    pub on: Matcher,
    /// What it does to them.
    #[serde(rename = "do")]
    pub action: Action,
}

/// What a fault does to a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The response is an error.
    Answer {
        /// The error by its name, such as `429-daily`.
        error: KnownError,
        /// The kind of body; without one, the usual body of this error.
        #[serde(default)]
        body: Option<BodyKind>,
        /// The seconds in `Retry-After`; without any, only a 477 has the header.
        #[serde(default)]
        retry_after: Option<u64>,
        /// Whether and when the call takes effect nevertheless.
        #[serde(default)]
        effect: Effect,
    },
    /// The call takes longer.
    Delay {
        /// How much longer, in milliseconds.
        ms: u64,
    },
    /// The connection is cut.
    Cut {
        /// When it is cut.
        at: CutPoint,
    },
    /// No response arrives until the proxy in front of HubSpot times out with a 524.
    Hang {
        /// Milliseconds until the 524; HubSpot's proxy times out after 100 s.
        #[serde(default = "gateway_timeout_ms")]
        ms: u64,
        /// Whether and when the call takes effect.
        #[serde(default)]
        effect: Effect,
    },
    /// What the call does to the contact that the fault names is rejected. In a batch, the other inputs take effect.
    RejectInput {
        /// If the fault names a property, the code of its error, such as `READ_ONLY_VALUE`. Otherwise the category of the
        /// error, which need not be known.
        code: String,
    },
    /// The contact keeps other values than those that the call writes: of the property that the fault names, or of every written
    /// property. The response shows what the contact has.
    Keep {
        /// What it keeps of a value.
        form: KeptForm,
    },
    /// The call takes effect, but no contact in the response shows this property.
    Hide {
        /// The property that no response shows.
        property: String,
    },
    /// The response is a 2xx with empty lists, and the call takes no effect.
    EmptySuccess,
    /// The response is a 200 that does not say what was done, as a proxy might send it.
    OddSuccess {
        /// The body of the response: an object without members, an HTML page, or none.
        body: BodyKind,
        /// Whether and when the call takes effect.
        #[serde(default)]
        effect: Effect,
    },
}

fn gateway_timeout_ms() -> u64 {
    100_000
}

/// What a contact keeps of a value that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeptForm {
    /// The value without blanks at its ends.
    Trimmed,
    /// The value with single blanks, and none at its ends.
    Collapsed,
    /// The value in lower case.
    Folded,
    /// Another value, as if a workflow of the account had replaced it.
    Replaced,
}

impl KeptForm {
    /// The value that replaces any other one.
    pub const REPLACEMENT: &str = "set by a workflow";

    pub(crate) fn of(self, value: &str) -> String {
        match self {
            Self::Trimmed => value.trim().to_owned(),
            Self::Collapsed => value.split_whitespace().collect::<Vec<_>>().join(" "),
            Self::Folded => value.to_lowercase(),
            Self::Replaced => Self::REPLACEMENT.to_owned(),
        }
    }
}

/// When the connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CutPoint {
    /// Before the call takes effect.
    BeforeEffect,
    /// After the effect, before the first byte of the response.
    AfterEffect,
    /// In the middle of the response.
    MidAnswer,
}

/// Whether and when a call takes effect that gets a fault as its response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The call takes no effect.
    #[default]
    None,
    /// The call takes effect after this many milliseconds; 0 means at once.
    AfterMs(u64),
}

impl Fault {
    /// A fault that answers every call with an error.
    pub fn answer(error: KnownError) -> Self {
        Self::new(Action::Answer {
            error,
            body: None,
            retry_after: None,
            effect: Effect::None,
        })
    }

    /// A fault that answers with an error, while the call takes effect after `delay_ms`.
    pub fn answer_with_late_effect(error: KnownError, delay_ms: u64) -> Self {
        Self::new(Action::Answer {
            error,
            body: None,
            retry_after: None,
            effect: Effect::AfterMs(delay_ms),
        })
    }

    /// A fault that answers 500 to every call that names this contact.
    pub fn poisoned_contact(id: impl std::fmt::Display) -> Self {
        Self::answer(KnownError::Server(500)).for_contact(id)
    }

    /// A fault that rejects inputs with this code, or with this category if no property is named.
    pub fn reject_input(code: &str) -> Self {
        let code = code.to_owned();
        Self::new(Action::RejectInput { code })
    }

    /// A fault that keeps other values than the written ones.
    pub fn keep(form: KeptForm) -> Self {
        Self::new(Action::Keep { form })
    }

    /// A fault that shows this property in no response.
    pub fn hide(property: &str) -> Self {
        let property = property.to_owned();
        Self::new(Action::Hide { property })
    }

    /// A fault that delays every call by `ms` milliseconds.
    pub fn delay(ms: u64) -> Self {
        Self::new(Action::Delay { ms })
    }

    /// A fault that cuts the connection of every call.
    pub fn cut(at: CutPoint) -> Self {
        Self::new(Action::Cut { at })
    }

    /// A fault that leaves every call without a response until the proxy times out.
    pub fn hang(effect: Effect) -> Self {
        let ms = gateway_timeout_ms();
        Self::new(Action::Hang { ms, effect })
    }

    /// A fault that answers 2xx with empty lists, while the call takes no effect.
    pub fn empty_success() -> Self {
        Self::new(Action::EmptySuccess)
    }

    /// A fault that answers 200 without saying what was done.
    pub fn odd_success(body: BodyKind, effect: Effect) -> Self {
        Self::new(Action::OddSuccess { body, effect })
    }

    /// A fault with this action, for every call.
    pub fn new(action: Action) -> Self {
        Self {
            on: Matcher::default(),
            action,
        }
    }

    /// Limits the fault to calls whose path contains this part.
    #[must_use]
    pub fn on_path(mut self, part: &str) -> Self {
        self.on.path = Some(part.to_owned());
        self
    }

    /// Limits the fault to calls that name this contact.
    #[must_use]
    pub fn for_contact(mut self, id: impl std::fmt::Display) -> Self {
        self.on.contact = Some(id.to_string());
        self
    }

    /// Limits the fault to calls that name this address, or a contact that has it.
    #[must_use]
    pub fn for_email(mut self, email: &str) -> Self {
        self.on.email = Some(email.to_owned());
        self
    }

    /// Limits the fault to calls that write this property.
    #[must_use]
    pub fn for_property(mut self, name: &str) -> Self {
        self.on.property = Some(name.to_owned());
        self
    }

    /// Limits the fault to this many calls.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.on.times = Some(count);
        self
    }

    /// Limits the fault to this share of the calls, from 0 to 1.
    #[must_use]
    pub fn share(mut self, share: f64) -> Self {
        self.on.share = Some(share);
        self
    }
}

/// A fault with its number and the number of calls that it has hit.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NumberedFault {
    pub(crate) id: u64,
    pub(crate) hits: u32,
    #[serde(flatten)]
    pub(crate) fault: Fault,
}

/// The active faults, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct ActiveFaults {
    rules: Vec<NumberedFault>,
    last_id: u64,
}

impl ActiveFaults {
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

    /// The first fault that hits a call, after counting the hit. `chance` draws numbers from 0 to 1.
    pub(crate) fn take_matching(
        &mut self,
        call: &CallFacts,
        mut chance: impl FnMut() -> f64,
    ) -> Option<NumberedFault> {
        let has_hits_left = |rule: &NumberedFault| rule.fault.on.times.is_none_or(|times| rule.hits < times);
        let rule = self.rules.iter_mut().find(|rule| {
            let on = &rule.fault.on;
            has_hits_left(rule) && on.matches(call) && on.share.is_none_or(|share| chance() < share)
        })?;
        rule.hits += 1;
        Some(rule.clone())
    }
}
