//! `GET /openapi.json` and `GET /docs`: the API document, for programs and for people.

use axum::http::header::HOST;
use axum::http::{HeaderMap, uri::Authority};
use axum::response::Response;

use crate::openapi::{DOCUMENT, STYLE, page_for};
use crate::response::{StaticFile, content_tag};

pub(in crate::routes) async fn openapi_document(headers: HeaderMap) -> Response {
    respond("application/json", DOCUMENT.to_owned(), &headers)
}

pub(in crate::routes) async fn docs_page(headers: HeaderMap) -> Response {
    let page = page_for(&requested_address(&headers));
    respond("text/html; charset=utf-8", page, &headers)
}

pub(in crate::routes) async fn docs_style(headers: HeaderMap) -> Response {
    respond("text/css; charset=utf-8", STYLE.to_owned(), &headers)
}

/// The address under which the reader reached the gateway, so that the command lines on the page work as they are.
fn requested_address(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    // The layer around all routes has checked the host. This keeps out characters that mean something in a shell or in HTML.
    let is_plain = |host: &&str| {
        host.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
    };
    let host = text(HOST.as_str()).filter(is_plain);
    let host = host
        .filter(|host| host.parse::<Authority>().is_ok())
        .unwrap_or("127.0.0.1:3030");
    // A proxy that ends TLS in front of the gateway sets this header.
    let scheme = if text("x-forwarded-proto") == Some("https") {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{host}")
}

fn respond(content_type: &'static str, text: String, headers: &HeaderMap) -> Response {
    let tag = content_tag([text.as_str()]);
    let file = StaticFile {
        content_type,
        tag: &tag,
        text,
    };
    file.respond(headers)
}
