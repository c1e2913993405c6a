//! HubSpot's error envelope. <https://developers.hubspot.com/docs/api-reference/error-handling>

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// An error body to which the correlation id is added later.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ErrorBody {
    pub(crate) status: StatusCode,
    pub(crate) json: Value,
}

impl ErrorBody {
    /// A body with the members that every error has.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            json: json!({ "status": "error", "message": message.into() }),
        }
    }

    /// Adds a member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.json[name] = value.into();
        self
    }

    pub(crate) fn category(self, category: &str) -> Self {
        self.with("category", category)
    }

    /// The response, with the correlation id in the body.
    pub(crate) fn into_response_with(mut self, correlation_id: &str) -> Response {
        self.json["correlationId"] = correlation_id.into();
        (self.status, Json(self.json)).into_response()
    }
}

/// Carries the error as an extension of the response. The pipeline writes the body, because it knows the correlation id.
impl IntoResponse for ErrorBody {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
