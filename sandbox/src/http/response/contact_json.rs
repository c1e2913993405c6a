//! A contact as JSON.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/using-object-apis>

use serde_json::{Map, Value, json};

use crate::{
    app::State,
    model::{Contact, DERIVED, PastValue, PropertyDefinition, read_form, timestamp},
};

/// The properties of a read that asks for none.
const DEFAULT_PROPERTIES: [&str; 6] = [
    "createdate",
    "email",
    "firstname",
    "hs_object_id",
    "lastmodifieddate",
    "lastname",
];

/// The properties of every read.
const ALWAYS_SHOWN: [&str; 3] = ["createdate", "hs_object_id", "lastmodifieddate"];

/// The properties in the response to a write besides those that were written.
const SHOWN_AFTER_WRITES: [&str; 6] = [
    "createdate",
    "hs_object_id",
    "hs_object_source",
    "hs_object_source_label",
    "lastmodifieddate",
    "lifecyclestage",
];

/// The properties and histories that a caller asks for.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) properties: Vec<String>,
    pub(crate) histories: Vec<String>,
}

/// The JSON of a contact that was read. Unknown properties are left out; known ones without a value are null.
pub(crate) fn read(state: &State, contact: &Contact, wanted: &Wanted) -> Value {
    let requested = wanted.properties.iter().map(String::as_str);
    let names: Vec<&str> = if wanted.properties.is_empty() {
        DEFAULT_PROPERTIES.to_vec()
    } else {
        requested.chain(ALWAYS_SHOWN).collect()
    };
    let mut object = object(state, contact, &names);
    let histories: Map<String, Value> = wanted
        .histories
        .iter()
        .filter_map(|name| visible(state, name))
        .map(|property| (property.name.clone(), history(state, contact, property)))
        .collect();
    if !wanted.histories.is_empty() {
        object["propertiesWithHistory"] = histories.into();
    }
    object
}

/// The JSON of a contact that was written, with some of its properties.
pub(crate) fn written<'a>(state: &State, contact: &Contact, names: impl Iterator<Item = &'a str>) -> Value {
    let names: Vec<&str> = names.chain(SHOWN_AFTER_WRITES).collect();
    object(state, contact, &names)
}

/// A property that the caller can see: archived properties are left out, and that of the switch.
fn visible<'a>(state: &'a State, name: &str) -> Option<&'a PropertyDefinition> {
    state.account.properties.visible(&state.switches, name)
}

fn object(state: &State, contact: &Contact, names: &[&str]) -> Value {
    let properties: Map<String, Value> = names
        .iter()
        .filter_map(|name| visible(state, name))
        .map(|property| {
            let stored = contact.value(&property.name);
            let shown = stored.map(|value| shown(state, property, value));
            (property.name.clone(), shown.into())
        })
        .collect();
    let portal_id = state.account.stored.portal_id;
    let mut object = json!({
        "id": contact.id,
        "properties": properties,
        "createdAt": timestamp(contact.created_at),
        "updatedAt": timestamp(contact.updated_at),
        "archived": contact.is_archived(),
        "url": format!("https://app.hubspot.com/contacts/{portal_id}/record/0-1/{}", contact.id),
    });
    if let Some(archived_at) = contact.archived_at {
        object["archivedAt"] = timestamp(archived_at).into();
    }
    object
}

/// The value as a response shows it. What HubSpot derives always has HubSpot's own form.
fn shown(state: &State, property: &PropertyDefinition, stored: String) -> String {
    if DERIVED.contains(&property.name.as_str()) {
        return stored;
    }
    read_form(&state.switches, property.kind(), stored)
}

fn history(state: &State, contact: &Contact, property: &PropertyDefinition) -> Value {
    let entry = |past: &PastValue| {
        json!({
            "value": shown(state, property, past.value.clone()),
            "timestamp": timestamp(past.timestamp),
            "sourceType": past.source.label(),
            "sourceId": past.author,
        })
    };
    contact
        .history
        .get(&property.name)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(entry)
        .collect()
}
