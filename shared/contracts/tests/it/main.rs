//! Pins the JSON of each message, because services of different versions have to read each other's messages.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod access;
mod attempt_results;
mod comparisons;
mod delivery;
mod errors;
mod events;
mod imports;
mod later_versions;
mod operators;
mod receipts;
mod users;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Asserts that the message is written as exactly this JSON, and read from it, also if a later version adds members to any
/// object in it.
#[track_caller]
fn assert_json<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: &T, json: Value) {
    assert_eq!(serde_json::to_value(message).unwrap(), json);
    let later = with_added_members(&json);
    assert_eq!(&serde_json::from_value::<T>(json).unwrap(), message);
    assert_eq!(&serde_json::from_value::<T>(later).unwrap(), message);
}

/// The JSON with one more member in each object, as a later version might send it.
fn with_added_members(json: &Value) -> Value {
    match json {
        Value::Object(members) => {
            let mut later: serde_json::Map<String, Value> = members
                .iter()
                .map(|(name, value)| match (name.as_str(), value) {
                    // These members contain fields of the user. A request with an unknown field is rejected, so none is added.
                    ("fields" | "fieldResults", Value::Object(by_field)) => {
                        let later = by_field
                            .iter()
                            .map(|(name, value)| (name.clone(), with_added_members(value)));
                        (name.clone(), Value::Object(later.collect()))
                    }
                    _ => (name.clone(), with_added_members(value)),
                })
                .collect();
            // An object with a single member may be a variant of an enum, which cannot have another member.
            if members.len() != 1 {
                later.insert("addedLater".to_owned(), serde_json::json!({ "a": [1] }));
            }
            Value::Object(later)
        }
        Value::Array(items) => items.iter().map(with_added_members).collect(),
        other => other.clone(),
    }
}

fn reason() -> contracts::Reason {
    contracts::Reason {
        code: "INVALID_EMAIL".to_owned(),
        category: Some("VALIDATION_ERROR".to_owned()),
        message: "Email address is invalid".to_owned(),
        status: Some(400),
        correlation_id: Some("c-1".to_owned()),
    }
}

fn reason_json() -> Value {
    serde_json::json!({
        "code": "INVALID_EMAIL", "category": "VALIDATION_ERROR", "message": "Email address is invalid", "status": 400,
        "correlationId": "c-1"
    })
}
