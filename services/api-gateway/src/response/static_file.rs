//! Responses with files for browsers: pages, scripts, styles and the API document.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

/// The pages may load from and send to this gateway only, and no other page may put them into a frame.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// A file and its entity tag.
pub(crate) struct StaticFile<'a, T> {
    pub(crate) content_type: &'static str,
    pub(crate) tag: &'a str,
    pub(crate) text: T,
}

/// The entity tag of some texts: another one whenever one of the texts changes.
pub(crate) fn content_tag<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = DefaultHasher::new();
    for text in texts {
        text.hash(&mut hasher);
    }
    format!("\"{:016x}\"", hasher.finish())
}

impl<T: IntoResponse> StaticFile<'_, T> {
    /// Answers with the file, or with 304 where the browser has it. Browsers keep the file and ask each time whether it is
    /// still current, so that a new gateway never runs with an old page.
    pub(crate) fn respond(self, headers: &HeaderMap) -> Response {
        let is_current = headers.get(IF_NONE_MATCH).is_some_and(|known| known == self.tag);
        let head = [
            (CONTENT_TYPE, self.content_type),
            (CACHE_CONTROL, "no-cache"),
            (ETAG, self.tag),
            (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "same-origin"),
        ];
        if is_current {
            return (StatusCode::NOT_MODIFIED, head).into_response();
        }
        (head, self.text).into_response()
    }
}
