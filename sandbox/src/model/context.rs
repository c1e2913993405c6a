//! What a decision depends on besides the contacts: the time, the API version, the switches and the author.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Switches;

/// The API version in the path. Some rules apply from a version on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ApiVersion {
    /// Paths begin with `/crm/v3/objects`.
    V3,
    /// Paths begin with `/crm/objects/2026-03`.
    March2026,
    /// Paths begin with `/crm/objects/2026-09`.
    September2026,
}

/// The kind of author of a write, for the history of values.
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

/// The context of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) version: ApiVersion,
    pub(crate) switches: &'a Switches,
    pub(crate) source: Source,
    pub(crate) author: &'a str,
    pub(crate) call: u64,
}
