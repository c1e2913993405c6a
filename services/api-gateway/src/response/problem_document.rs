//! Writes the problem document (RFC 9457) of an error.

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use contracts::InvalidValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;

use super::ApiError;
use crate::request::CHANGE_TYPES;

/// The header with the media types that a PATCH may have (RFC 5789).
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// The characters that are percent-encoded in a URN.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// At most this many errors are listed. More would not help, and would make the response to a small body large.
const MAX_ERRORS: usize = 100;

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemDocument<'a> {
    /// The type of the problem. It never changes.
    #[schemars(regex(pattern = "^urn:hubsync:problem:[a-z-]+$"))]
    r#type: String,
    /// A title that is the same for every problem of this type.
    title: &'a str,
    /// The status of the response.
    #[schemars(schema_with = "status_schema")]
    status: u16,
    /// This problem, for people.
    detail: String,
    /// The id of the request.
    #[schemars(regex(pattern = "^urn:hubsync:request:"))]
    instance: String,
    /// All errors at once, at most a hundred, with a last entry that says how many more there are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_ERRORS + 1))]
    errors: Vec<ErrorEntry>,
    /// With `version-mismatch`: the current version, or 0 where the user does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "current_version_schema")]
    current_version: Option<u64>,
}

/// An error in a request.
#[derive(Debug, Serialize, JsonSchema)]
struct ErrorEntry {
    /// The JSON pointer (RFC 6901) to the invalid member; empty for the whole body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// What is wrong, and what would be valid.
    detail: String,
}

impl ProblemDocument<'_> {
    fn new(error: &ApiError, request_id: &str) -> Self {
        let kind = error.kind();
        Self {
            r#type: format!("urn:hubsync:problem:{}", kind.slug),
            title: kind.title,
            status: kind.status.as_u16(),
            detail: error.to_string(),
            instance: format!("urn:hubsync:request:{}", utf8_percent_encode(request_id, ESCAPED)),
            errors: error_entries(error),
            current_version: match error {
                ApiError::VersionMismatch { current } => *current,
                _ => None,
            },
        }
    }
}

impl ApiError {
    /// The document of this error for a made-up request, as an example.
    pub(crate) fn example_document(&self) -> Value {
        let document = ProblemDocument::new(self, "import-2026-01-05");
        serde_json::to_value(document).expect("a document of strings and numbers serializes")
    }
}

fn status_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 400, "maximum": 599 })
}

fn current_version_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 0 })
}

/// Gives the response of an error its body and headers. Headers that are set already, such as `Allow`, stay.
pub(super) fn write_problem_document(error: &ApiError, request_id: &str, response: &mut Response) {
    let kind = error.kind();
    let document = ProblemDocument::new(error, request_id);
    let body = serde_json::to_vec(&document).expect("a document of strings and numbers serializes");
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(retry_after) = error.retry_after() {
        // In whole seconds, and never too early.
        let seconds = retry_after.as_millis().div_ceil(1_000).max(1);
        let seconds = HeaderValue::try_from(seconds.to_string());
        headers.insert(RETRY_AFTER, seconds.expect("digits make a header value"));
    }
    if kind.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        headers.insert(ACCEPT_PATCH, HeaderValue::from_static(CHANGE_TYPES));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
}

fn error_entries(error: &ApiError) -> Vec<ErrorEntry> {
    match error {
        ApiError::InvalidParameter { .. } => vec![ErrorEntry {
            pointer: None,
            detail: error.to_string(),
        }],
        ApiError::MalformedBody(detail) => {
            vec![ErrorEntry {
                pointer: Some(String::new()),
                detail: detail.clone(),
            }]
        }
        ApiError::InvalidBody(values) => {
            let mut entries: Vec<_> = values.iter().take(MAX_ERRORS).map(error_entry).collect();
            if let Some(more) = values.len().checked_sub(MAX_ERRORS).filter(|more| *more > 0) {
                entries.push(ErrorEntry {
                    pointer: None,
                    detail: format!("and {more} more"),
                });
            }
            entries
        }
        ApiError::EmailRequired(value) => vec![error_entry(value)],
        _ => Vec::new(),
    }
}

fn error_entry(value: &InvalidValue) -> ErrorEntry {
    ErrorEntry {
        pointer: Some(value.pointer.clone()),
        detail: value.detail.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::to_bytes;
    use axum::response::IntoResponse;
    use serde_json::{Value, json};

    use super::*;

    async fn rendered(error: ApiError, request_id: &str) -> (Response, Value) {
        let mut response = error.clone().into_response();
        write_problem_document(&error, request_id, &mut response);
        let body = std::mem::take(response.body_mut());
        let bytes = to_bytes(body, 1 << 20).await.expect("a body in memory");
        (
            response,
            serde_json::from_slice(&bytes).expect("the document is JSON"),
        )
    }

    #[tokio::test]
    async fn a_mismatch_names_the_current_version() {
        let (response, document) = rendered(ApiError::VersionMismatch { current: Some(9) }, "r/1").await;
        assert_eq!(response.status(), 412);
        assert_eq!(
            document,
            json!({
                "type": "urn:hubsync:problem:version-mismatch",
                "title": "The user has another version",
                "status": 412,
                "detail": "the user is at version 9 now; nothing was changed",
                "instance": "urn:hubsync:request:r%2F1",
                "currentVersion": 9,
            })
        );
    }

    #[tokio::test]
    async fn a_document_lists_at_most_a_hundred_errors() {
        let value = InvalidValue {
            pointer: "/x".to_owned(),
            detail: "is unknown".to_owned(),
        };
        let (_, document) = rendered(ApiError::InvalidBody(vec![value; MAX_ERRORS + 5]), "1").await;
        let errors = document["errors"].as_array().expect("a list");
        assert_eq!(errors.len(), MAX_ERRORS + 1);
        assert_eq!(errors[MAX_ERRORS], json!({ "detail": "and 5 more" }));
    }

    #[tokio::test]
    async fn causes_stay_out_of_the_document() {
        let (response, document) = rendered(
            ApiError::Unavailable {
                cause: "secret".to_owned(),
            },
            "1",
        )
        .await;
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        let too_many = ApiError::TooManyKeys {
            retry_after: Duration::from_millis(61_001),
        };
        assert_eq!(rendered(too_many, "1").await.0.headers()[RETRY_AFTER], "62");
        assert!(!document.to_string().contains("secret"), "{document}");
    }
}
