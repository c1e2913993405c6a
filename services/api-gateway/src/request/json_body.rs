//! Bodies of operators' requests: JSON that says one thing, or what is wrong with it.

use contracts::Fault;
use serde::de::DeserializeOwned;

use crate::problem::ApiError;

/// Reads a body that is to be of that form.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => fault("", &error.to_string()),
        _ => ApiError::MalformedBody(error.to_string()),
    })
}

/// One fault of a body, at that JSON pointer.
pub(super) fn fault(pointer: &str, detail: &str) -> ApiError {
    ApiError::InvalidBody(vec![Fault {
        pointer: pointer.to_owned(),
        detail: detail.to_owned(),
    }])
}
