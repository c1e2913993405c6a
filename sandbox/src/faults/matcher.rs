//! The conditions that say which calls a fault hits.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Conditions, all of which must hold. A matcher without conditions hits every call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    /// The HTTP method.
    pub method: Option<String>,
    /// A part of the path, such as `batch/update`.
    pub path: Option<String>,
    /// The id of a contact that the call names, by its id or by its address.
    pub contact: Option<String>,
    /// An address that the call names, or that a named contact has.
    pub email: Option<String>,
    /// A property that the call writes.
    pub property: Option<String>,
    /// The share of the matching calls that are hit, drawn at random, from 0 to 1.
    pub share: Option<f64>,
    /// How many calls are hit at most.
    pub times: Option<u32>,
}

/// What is known about a call before it takes effect.
#[derive(Debug, Default)]
pub(crate) struct CallFacts {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) contacts: BTreeSet<String>,
    pub(crate) emails: BTreeSet<String>,
    pub(crate) properties: BTreeSet<String>,
    pub(crate) inputs: usize,
    /// Values that the call writes and that only one contact can have, with their properties.
    pub(crate) unique_values: BTreeSet<(String, String)>,
}

impl CallFacts {
    /// Whether the call reads contacts and writes nothing.
    pub(crate) fn is_read(&self) -> bool {
        self.method == "GET" || self.path.ends_with("/batch/read") || self.is_search()
    }

    /// Whether the call is a search, which has a rate limit of its own.
    pub(crate) fn is_search(&self) -> bool {
        self.path.ends_with("/search")
    }
}

impl Matcher {
    /// Whether the conditions on the call hold. The caller applies `share` and `times`.
    pub(crate) fn matches(&self, call: &CallFacts) -> bool {
        let holds = |wanted: &Option<String>, test: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(test);
        holds(&self.method, &|method| call.method.eq_ignore_ascii_case(method))
            && holds(&self.path, &|part| call.path.contains(part))
            && holds(&self.contact, &|id| call.contacts.contains(id))
            && holds(&self.email, &|email| call.emails.contains(&email.to_lowercase()))
            && holds(&self.property, &|name| call.properties.contains(name))
    }
}
