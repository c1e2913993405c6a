//! Which calls a fault hits.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Conditions that must all hold; without any, every call is hit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    /// The HTTP method.
    pub method: Option<String>,
    /// A part of the path, such as `batch/update`.
    pub path: Option<String>,
    /// The id of a contact the call is about, also if the call names its address.
    pub contact: Option<String>,
    /// An address the call names, or that a named contact holds.
    pub email: Option<String>,
    /// A property the call writes.
    pub property: Option<String>,
    /// The share of such calls that are hit, from 0 to 1.
    pub share: Option<f64>,
    /// How many calls are hit before the fault is over.
    pub times: Option<u32>,
}

/// What a matcher can ask of a call.
#[derive(Debug, Default)]
pub(crate) struct CallFacts {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) contacts: BTreeSet<String>,
    pub(crate) emails: BTreeSet<String>,
    pub(crate) properties: BTreeSet<String>,
    pub(crate) inputs: usize,
    /// Values the call writes that only one contact can have, by property.
    pub(crate) unique_values: BTreeSet<(String, String)>,
}

impl Matcher {
    /// Whether the conditions hold; share and times are for the caller to keep.
    pub(crate) fn matches(&self, call: &CallFacts) -> bool {
        let holds = |wanted: &Option<String>, test: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(test);
        holds(&self.method, &|method| call.method.eq_ignore_ascii_case(method))
            && holds(&self.path, &|part| call.path.contains(part))
            && holds(&self.contact, &|id| call.contacts.contains(id))
            && holds(&self.email, &|email| call.emails.contains(&email.to_lowercase()))
            && holds(&self.property, &|name| call.properties.contains(name))
    }
}
