//! `GET /openapi.json` and `GET /docs`: the API document, for programs and for people.

use crate::openapi::{ApiDocument, Describe, Media, Problems, STYLE};
use aide::transform::TransformOperation;
use schemars::JsonSchema;
use serde_json::{Value, json};
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header::HOST;
use axum::http::{HeaderMap, uri::Authority};
use axum::response::Response;

use crate::response::{ApiError, StaticFile, content_tag};
use crate::routes::Gateway;

/// What callers can rely on in the document.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes a document that is built elsewhere")]
struct DocumentOutline {
    /// The version of the specification that the document follows.
    openapi: String,
    /// The name and version of the API.
    info: serde_json::Map<String, Value>,
    /// The operations by path and method.
    paths: serde_json::Map<String, Value>,
    /// Everything else in the document.
    #[serde(flatten)]
    others: serde_json::Map<String, Value>,
}

pub(in crate::routes) async fn openapi_document(
    Extension(document): Extension<Arc<ApiDocument>>,
    State(gateway): State<Gateway>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Ok(respond(
        "application/json",
        document
            .read(gateway.services.fields().await?)
            .await
            .json()
            .to_owned(),
        &headers,
    ))
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_openapi_document(
    operation: TransformOperation<'_>,
) -> TransformOperation<'_> {
    operation
        .describe("openapi", "Pages", "Read this document", "The document is generated from the routes and types of the gateway.")
        .headers(&["ifNoneMatch"])
        .responds(200, "The document.", &["ETag"], "application/json", Media::of::<DocumentOutline>().example(json!({
            "openapi": "3.1.0", "info": { "title": "hubsync api-gateway", "version": "0.1.0" }, "paths": {}
        })))
        .responds_empty(304, "The caller has the current document.", &["ETag"])
        .problems(&[Problems::UNAVAILABLE])
}

pub(in crate::routes) async fn docs_page(
    Extension(document): Extension<Arc<ApiDocument>>,
    State(gateway): State<Gateway>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let document = document.read(gateway.services.fields().await?).await;
    let page = document.page_for(&requested_address(&headers));
    Ok(respond("text/html; charset=utf-8", page, &headers))
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_docs_page(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe(
            "docs",
            "Pages",
            "Read this document as a page",
            "A page with every operation, problem and schema. It has no script.",
        )
        .headers(&["ifNoneMatch"])
        .responds(
            200,
            "The page.",
            &["ETag"],
            "text/html",
            Media::text().example("<!doctype html>"),
        )
        .responds_empty(304, "The browser has the current page.", &["ETag"])
        .problems(&[Problems::UNAVAILABLE])
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
