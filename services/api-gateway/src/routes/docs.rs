//! `GET /openapi.json` and `GET /docs`: what the gateway takes and answers, for programs and for people.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH};
use axum::http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode, uri::Authority};
use axum::response::{IntoResponse, Response};

use super::console::POLICY;
use crate::docs::{DOCUMENT, STYLE, page_for};

pub(super) async fn document(headers: HeaderMap) -> Response {
    serve("application/json", DOCUMENT.to_owned(), &headers)
}

pub(super) async fn page(headers: HeaderMap) -> Response {
    serve("text/html; charset=utf-8", page_for(&address(&headers)), &headers)
}

pub(super) async fn style(headers: HeaderMap) -> Response {
    serve("text/css; charset=utf-8", STYLE.to_owned(), &headers)
}

/// The address at which the reader reached the gateway, so that the command lines on the page work as they are.
fn address(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    // The host was checked already; what a shell or HTML would take for more than a name does not come here.
    let is_plain = |host: &&str| {
        host.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
    };
    let host = text(HOST.as_str()).filter(is_plain);
    let host = host
        .filter(|host| host.parse::<Authority>().is_ok())
        .unwrap_or("127.0.0.1:3030");
    // Set by a proxy in front of the gateway that speaks TLS.
    let scheme = if text("x-forwarded-proto") == Some("https") {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{host}")
}

/// Browsers keep the text and ask each time whether it is still the same.
fn serve(kind: &'static str, text: String, headers: &HeaderMap) -> Response {
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
