//! The JSON of each message, pinned: services of different builds read each other's.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod comparisons;
mod delivery;
mod errors;
mod events;
mod imports;
mod operators;
mod receipts;
mod users;
mod verdicts;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The message reads and writes as just this JSON.
#[track_caller]
fn pin<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: &T, json: Value) {
    assert_eq!(serde_json::to_value(message).unwrap(), json);
    assert_eq!(&serde_json::from_value::<T>(json).unwrap(), message);
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
