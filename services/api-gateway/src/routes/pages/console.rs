//! `GET /`: the console, and the files that it loads.

use crate::openapi::{Describe, Media};
use aide::transform::TransformOperation;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::console;
use crate::response::ApiError;

pub(in crate::routes) async fn console_page(headers: HeaderMap) -> Response {
    console::page().respond(&headers)
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_console_page(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe(
            "console",
            "Pages",
            "Open the console",
            "A page that shows the pipeline, recent changes and users with problems as they happen.",
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
}

pub(in crate::routes) async fn console_file(
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = console::file(&name).ok_or(ApiError::NoSuchPath)?;
    Ok(file.respond(&headers))
}
