//! Writes a problem document (RFC 9457) for an error.

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::ApiError;
use crate::request::MEDIA_TYPES;

/// RFC 5789: the media types a PATCH may have.
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// What a URN may hold as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// More faults than this help nobody, and would make a small body's answer large.
const MOST_ERRORS: usize = 100;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    instance: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_version: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    detail: String,
}

/// Gives the response of an error its body and headers; what is set already, such as `Allow`, stays.
pub(crate) fn into_document(error: &ApiError, request_id: &str, response: &mut Response) {
    let kind = error.kind();
    let document = Document {
        r#type: format!("urn:hubsync:problem:{}", kind.slug),
        title: kind.title,
        status: kind.status.as_u16(),
        detail: error.to_string(),
        instance: format!("urn:hubsync:request:{}", utf8_percent_encode(request_id, ESCAPED)),
        errors: entries(error),
        current_version: match error {
            ApiError::VersionMismatch { current } => *current,
            _ => None,
        },
    };
    let body = serde_json::to_vec(&document).expect("a document of strings and numbers serializes");
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if kind.status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if kind.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        headers.insert(ACCEPT_PATCH, HeaderValue::from_static(MEDIA_TYPES));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
}

fn entries(error: &ApiError) -> Vec<Entry> {
    match error {
        ApiError::InvalidParameter { .. } => vec![Entry {
            pointer: None,
            detail: error.to_string(),
        }],
        ApiError::MalformedBody(detail) => {
            vec![Entry {
                pointer: Some(String::new()),
                detail: detail.clone(),
            }]
        }
        ApiError::InvalidBody(faults) => {
            let mut entries: Vec<_> = faults.iter().take(MOST_ERRORS).map(entry).collect();
            if let Some(more) = faults.len().checked_sub(MOST_ERRORS).filter(|more| *more > 0) {
                entries.push(Entry {
                    pointer: None,
                    detail: format!("and {more} more"),
                });
            }
            entries
        }
        ApiError::EmailRequired(fault) => vec![entry(fault)],
        _ => Vec::new(),
    }
}

fn entry(fault: &contracts::InvalidValue) -> Entry {
    Entry {
        pointer: Some(fault.pointer.clone()),
        detail: fault.detail.clone(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::response::IntoResponse;
    use contracts::InvalidValue;
    use serde_json::{Value, json};

    use super::*;

    async fn rendered(error: ApiError, request_id: &str) -> (Response, Value) {
        let mut response = error.clone().into_response();
        into_document(&error, request_id, &mut response);
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
                "title": "The version has moved on",
                "status": 412,
                "detail": "the user is at version 9 by now; nothing was changed",
                "instance": "urn:hubsync:request:r%2F1",
                "currentVersion": 9,
            })
        );
    }

    #[tokio::test]
    async fn a_flood_of_faults_is_cut() {
        let fault = InvalidValue {
            pointer: "/x".to_owned(),
            detail: "is unknown".to_owned(),
        };
        let (_, document) = rendered(ApiError::InvalidBody(vec![fault; MOST_ERRORS + 5]), "1").await;
        let errors = document["errors"].as_array().expect("a list");
        assert_eq!(errors.len(), MOST_ERRORS + 1);
        assert_eq!(errors[MOST_ERRORS], json!({ "detail": "and 5 more" }));
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
        assert!(!document.to_string().contains("secret"), "{document}");
    }
}
