//! Who writes, under which rules, and the record that is kept of each write.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ContactId, Values};
use crate::Switches;

/// The version a path names; some rules hold from a version on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ApiVersion {
    /// `/crm/v3/objects/...`.
    V3,
    /// `/crm/objects/2026-03/...`.
    March2026,
    /// `/crm/objects/2026-09/...`.
    September2026,
}

/// The kind of writer, as HubSpot names it in a value's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// A caller of the API.
    Integration,
    /// A person in the browser.
    Salesperson,
    /// A merge of two contacts.
    Merge,
}

impl Source {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Integration => "INTEGRATION",
            Self::Salesperson => "CRM_UI",
            Self::Merge => "MERGE_OBJECTS",
        }
    }
}

/// What a decision may depend on besides the contacts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) version: ApiVersion,
    pub(crate) switches: &'a Switches,
    pub(crate) source: Source,
    pub(crate) who: &'a str,
    pub(crate) call: u64,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteKind {
    /// The contact was created.
    Created,
    /// Some of its properties were written.
    Updated,
    /// It was archived.
    Archived,
    /// It took in another contact.
    Merged,
}

/// One write to one contact, kept so that tests can check the order of what arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Write {
    /// Grows by one with every write in the data set.
    pub sequence: u64,
    /// The contact that was written.
    pub contact: ContactId,
    /// When the write took effect.
    pub at: Timestamp,
    /// What it did.
    pub kind: WriteKind,
    /// Who wrote: `token 1`, `oauth` or `salesperson`.
    pub who: String,
    /// The caller's trace id for this input.
    pub trace_id: Option<String>,
    /// The number of the call in the log of calls; 0 for writes that were no call.
    pub call: u64,
    /// The names and values as they were sent.
    pub properties: Values,
}

impl Write {
    pub(crate) fn new(
        context: &Context<'_>,
        contact: ContactId,
        kind: WriteKind,
        properties: &Values,
        trace_id: Option<&str>,
    ) -> Self {
        Self {
            sequence: 0,
            contact,
            at: context.now,
            kind,
            who: context.who.to_owned(),
            trace_id: trace_id.map(str::to_owned),
            call: context.call,
            properties: properties.clone(),
        }
    }
}
