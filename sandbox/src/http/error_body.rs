//! HubSpot's error envelope. <https://developers.hubspot.com/docs/api-reference/error-handling>

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// An error that has yet to get its correlation id.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ErrorBody {
    pub(crate) status: StatusCode,
    pub(crate) json: Value,
}

impl ErrorBody {
    /// The least that every error has.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            json: json!({ "status": "error", "message": message.into() }),
        }
    }

    /// The same with another member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.json[name] = value.into();
        self
    }

    pub(crate) fn category(self, category: &str) -> Self {
        self.with("category", category)
    }

    pub(crate) fn correlated(mut self, correlation_id: &str) -> Response {
        self.json["correlationId"] = correlation_id.into();
        (self.status, Json(self.json)).into_response()
    }
}

/// A route's error travels as an extension of the response; the gate writes it, for it knows the correlation id.
impl IntoResponse for ErrorBody {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
