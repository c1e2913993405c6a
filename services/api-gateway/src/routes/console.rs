//! `GET /`: the console, one page with its scripts, kept in the binary.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::problem::ApiError;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
/// Nothing but what this gateway serves is loaded, asked or sent to, and nobody may put the page into a frame.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// A file of the page.
struct File {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

macro_rules! file {
    ($name:literal, $kind:expr) => {
        File {
            name: $name,
            kind: $kind,
            text: include_str!(concat!("../../console/", $name)),
        }
    };
}

static PAGE: File = file!("index.html", HTML);
static FILES: [File; 14] = [
    file!("api.js", SCRIPT),
    file!("change.js", SCRIPT),
    file!("console.css", "text/css; charset=utf-8"),
    file!("dialog.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("events.js", SCRIPT),
    file!("icon.svg", "image/svg+xml"),
    file!("main.js", SCRIPT),
    file!("pipeline.js", SCRIPT),
    file!("plot.js", SCRIPT),
    file!("receipt.js", SCRIPT),
    file!("recent.js", SCRIPT),
    file!("shown.js", SCRIPT),
    file!("troubles.js", SCRIPT),
];

/// Another one with every change of any file: a browser never mixes the files of two versions for longer than a load.
static TAG: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    for file in FILES.iter().chain([&PAGE]) {
        file.text.hash(&mut hasher);
    }
    format!("\"{:016x}\"", hasher.finish())
});

pub(super) async fn page(headers: HeaderMap) -> Response {
    serve(&PAGE, &headers)
}

pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let file = FILES.iter().find(|file| file.name == name);
    file.map(|file| serve(file, &headers)).ok_or(ApiError::NoSuchPath)
}

/// Browsers keep the file and ask each time whether it is still the same.
fn serve(file: &File, headers: &HeaderMap) -> Response {
    let tag = TAG.as_str();
    let is_known = headers.get(IF_NONE_MATCH).is_some_and(|known| known == tag);
    let head = [
        (CONTENT_TYPE, file.kind),
        (CACHE_CONTROL, "no-cache"),
        (ETAG, tag),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
    ];
    if is_known {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, file.text).into_response()
}
