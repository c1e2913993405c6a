//! What the gate notes about a call, and what it passes on to the routes.

use std::{collections::BTreeSet, time::Duration};

use axum::http::{Method, Uri};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{
    app::Actor,
    calls::Call,
    faults::CallFacts,
    model::{Account, ApiVersion, Source, find, normalized},
};

/// A call that passed the gate, as the routes see it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// `token 1` or `oauth`; tokens themselves are kept nowhere.
    pub(crate) who: String,
    pub(crate) number: u64,
}

impl Caller {
    pub(crate) fn actor(&self, version: ApiVersion) -> Actor<'_> {
        Actor {
            version,
            source: Source::Integration,
            who: &self.who,
            call: self.number,
        }
    }
}

/// Reads what a fault may ask about from the address and the body.
pub(crate) fn facts(method: &Method, uri: &Uri, body: &[u8], account: &Account) -> CallFacts {
    let mut facts = CallFacts {
        method: method.to_string(),
        path: uri.path().to_owned(),
        ..CallFacts::default()
    };
    let mut named: BTreeSet<String> = BTreeSet::new();
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    named.insert(percent_decode_str(last).decode_utf8_lossy().into_owned());
    if let Ok(body) = serde_json::from_slice::<Value>(body) {
        note_write(account, &body, &mut facts, &mut named);
        let inputs = body["inputs"].as_array().map(Vec::as_slice).unwrap_or_default();
        facts.inputs = inputs.len();
        for input in inputs {
            note_write(account, input, &mut facts, &mut named);
        }
    }
    for name in named {
        note_contact(account, &name, &mut facts);
    }
    facts
}

fn note_write(account: &Account, write: &Value, facts: &mut CallFacts, named: &mut BTreeSet<String>) {
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
        note_unique_value(account, name, value, facts);
    }
    if let (Some(property), Some(id)) = (write["idProperty"].as_str(), write["id"].as_str()) {
        note_unique_value(account, property, id, facts);
    }
}

fn note_unique_value(account: &Account, property: &str, value: &str, facts: &mut CallFacts) {
    if property == "email" || account.properties.is_unique(property) {
        let value = if property == "email" {
            normalized(value)
        } else {
            value.to_owned()
        };
        facts.unique_values.insert((property.to_owned(), value));
    }
}

/// A contact is named by its id, a former id or one of its addresses; faults may ask for any of them.
fn note_contact(account: &Account, name: &str, facts: &mut CallFacts) {
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

/// The entry for the log of calls.
pub(crate) fn logged(facts: CallFacts, number: u64, at: jiff::Timestamp, duration: Duration) -> Call {
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
