//! The JSON of each message, pinned: services of different builds read each other's.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod comparisons;
mod delivery;
mod errors;
mod events;
mod imports;
mod later;
mod operators;
mod receipts;
mod users;
mod verdicts;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The message reads and writes as exactly this JSON. It reads the same if a later version adds members to any object of it.
#[track_caller]
fn pin<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: &T, json: Value) {
    assert_eq!(serde_json::to_value(message).unwrap(), json);
    let later = of_a_later_version(&json);
    assert_eq!(&serde_json::from_value::<T>(json).unwrap(), message);
    assert_eq!(&serde_json::from_value::<T>(later).unwrap(), message);
}

/// The same JSON with a further member in each object.
fn of_a_later_version(json: &Value) -> Value {
    match json {
        Value::Object(members) => {
            let mut later: serde_json::Map<String, Value> = members
                .iter()
                .map(|(name, value)| match (name.as_str(), value) {
                    // An unknown field in a request would be lost, so requests with one are rejected.
                    ("fields" | "fieldResults", Value::Object(by_field)) => {
                        let later = by_field
                            .iter()
                            .map(|(name, value)| (name.clone(), of_a_later_version(value)));
                        (name.clone(), Value::Object(later.collect()))
                    }
                    _ => (name.clone(), of_a_later_version(value)),
                })
                .collect();
            // An object with a single member may be the variant of an enumeration, which has no place for another.
            if members.len() != 1 {
                later.insert("addedLater".to_owned(), serde_json::json!({ "a": [1] }));
            }
            Value::Object(later)
        }
        Value::Array(items) => items.iter().map(of_a_later_version).collect(),
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
