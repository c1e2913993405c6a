//! Definitions of properties: HubSpot's API, the rules of an admin, and the controls.

mod archiving;
mod changes;
mod controls;
mod definitions;
mod groups;
mod read_forms;
mod rules;
mod stored;

use serde_json::{Value, json};

/// The path of properties in the current version.
const PROPERTIES: &str = "/crm/properties/2026-09/contacts";

/// The body that creates a property of texts.
fn text_property(name: &str) -> Value {
    json!({
        "name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "contactinformation",
    })
}

/// The body that creates a property of these options.
fn choice_property(name: &str, options: &[&str]) -> Value {
    let options: Vec<Value> = options
        .iter()
        .map(|value| json!({ "label": value.to_uppercase(), "value": value, "hidden": false, "displayOrder": -1 }))
        .collect();
    let mut body = text_property(name);
    body["type"] = "enumeration".into();
    body["fieldType"] = "select".into();
    body["options"] = options.into();
    body
}
