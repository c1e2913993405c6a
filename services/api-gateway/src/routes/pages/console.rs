//! `GET /`: the console, and the files that it loads.

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::console;
use crate::response::ApiError;

pub(in crate::routes) async fn console_page(headers: HeaderMap) -> Response {
    console::page().respond(&headers)
}

pub(in crate::routes) async fn console_file(
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = console::file(&name).ok_or(ApiError::NoSuchPath)?;
    Ok(file.respond(&headers))
}
