//! `GET /openapi.json` and `GET /docs`: what the gateway takes and answers, for programs and for people.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::console::POLICY;
use crate::docs::{DOCUMENT, PAGE, STYLE};

pub(super) async fn document(headers: HeaderMap) -> Response {
    serve("application/json", DOCUMENT, &headers)
}

pub(super) async fn page(headers: HeaderMap) -> Response {
    serve("text/html; charset=utf-8", PAGE.as_str(), &headers)
}

pub(super) async fn style(headers: HeaderMap) -> Response {
    serve("text/css; charset=utf-8", STYLE, &headers)
}

/// Browsers keep the text and ask each time whether it is still the same.
fn serve(kind: &'static str, text: &'static str, headers: &HeaderMap) -> Response {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let is_known = headers.get(IF_NONE_MATCH).is_some_and(|known| *known == *tag);
    let head = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
    ];
    if is_known {
        return (StatusCode::NOT_MODIFIED, head, [(ETAG, tag)]).into_response();
    }
    (head, [(ETAG, tag)], text).into_response()
}
