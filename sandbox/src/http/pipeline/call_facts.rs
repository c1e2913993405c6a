//! What the pipeline reads from a call: for faults, locks and the log.

use std::{collections::BTreeSet, time::Duration};

use axum::http::{Method, Uri};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{
    app::{Actor, Call},
    faults::CallFacts,
    model::{Account, ApiVersion, Source, find, normalized},
};

/// The caller of an admitted call, as the routes see it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// `token 1` or `oauth`. Tokens themselves are stored nowhere.
    pub(crate) author: String,
    /// The number of the call in the log of calls.
    pub(crate) number: u64,
}

impl Caller {
    pub(crate) fn actor(&self, version: ApiVersion) -> Actor<'_> {
        Actor {
            version,
            source: Source::Integration,
            author: &self.author,
            call: self.number,
        }
    }
}

/// Reads from path and body the contacts, addresses and values that a call names.
pub(crate) fn call_facts(method: &Method, uri: &Uri, body: &[u8], account: &Account) -> CallFacts {
    let mut facts = CallFacts {
        method: method.to_string(),
        path: uri.path().to_owned(),
        ..CallFacts::default()
    };
    // A single call names its contact in the path, a batch in its inputs, a merge in members of the body.
    let mut named: BTreeSet<String> = BTreeSet::new();
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    named.insert(percent_decode_str(last).decode_utf8_lossy().into_owned());
    if let Ok(body) = serde_json::from_slice::<Value>(body) {
        add_write(account, &body, &mut facts, &mut named);
        let inputs = body["inputs"].as_array().map(Vec::as_slice).unwrap_or_default();
        facts.inputs = inputs.len();
        for input in inputs {
            add_write(account, input, &mut facts, &mut named);
        }
    }
    for name in named {
        add_contact(account, &name, &mut facts);
    }
    facts
}

fn add_write(account: &Account, write: &Value, facts: &mut CallFacts, named: &mut BTreeSet<String>) {
    let members = ["id", "primaryObjectId", "objectIdToMerge", "objectId"];
    named.extend(
        members
            .iter()
            .filter_map(|name| write[name].as_str())
            .map(str::to_owned),
    );
    for (name, value) in write["properties"].as_object().into_iter().flatten() {
        facts.properties.insert(name.clone());
        let Some(value) = value.as_str().filter(|value| !value.is_empty()) else {
            continue;
        };
        if name == "email" {
            facts.emails.insert(normalized(value));
        }
        add_unique_value(account, name, value, facts);
    }
    if let (Some(property), Some(id)) = (write["idProperty"].as_str(), write["id"].as_str()) {
        add_unique_value(account, property, id, facts);
    }
}

fn add_unique_value(account: &Account, property: &str, value: &str, facts: &mut CallFacts) {
    if property == "email" || account.properties.is_unique(property) {
        let value = if property == "email" {
            normalized(value)
        } else {
            value.to_owned()
        };
        facts.unique_values.insert((property.to_owned(), value));
    }
}

/// Adds every id and address of a named contact, because a fault may name any of them.
fn add_contact(account: &Account, name: &str, facts: &mut CallFacts) {
    let property = name.contains('@').then_some("email");
    if property.is_some() {
        facts.emails.insert(normalized(name));
    } else {
        facts.contacts.insert(name.to_owned());
    }
    let Ok(Some(id)) = find(account, name, property) else {
        return;
    };
    facts.contacts.insert(id.to_string());
    if let Some(contact) = account.contact(id) {
        facts.emails.extend(contact.emails().map(str::to_owned));
    }
}

/// The entry in the log of calls. The caller fills in the status and the fault.
pub(crate) fn log_entry(facts: CallFacts, number: u64, at: jiff::Timestamp, duration: Duration) -> Call {
    Call {
        number,
        at,
        method: facts.method,
        path: facts.path,
        status: None,
        inputs: facts.inputs,
        duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        fault: None,
    }
}
