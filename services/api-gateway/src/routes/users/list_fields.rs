//! `GET /fields`: the fields of a user, with their types and rules.

use crate::openapi::{Describe, Media, Problems};
use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::request::NoQuery;
use crate::response::ApiError;
use crate::routes::Gateway;

pub(in crate::routes) async fn list_fields(
    _: NoQuery,
    State(gateway): State<Gateway>,
) -> Result<Response, ApiError> {
    let fields = gateway.services.fields().await?;
    Ok(([(CACHE_CONTROL, "no-cache")], Json(&*fields)).into_response())
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_list_fields(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("listFields", "Users", "List the fields of a user", "Which fields a user has is configuration. This document describes those in use, too: `/openapi.json` is made for them.")
        .headers(&["requestId", "traceparent"])
        .responds(200, "The fields, in the order of their file.", &[], "application/json", Media::named("UserFields").example(json!({
            "revision": 3, "fields": [
                { "name": "email", "property": "email", "type": "email" },
                { "name": "plan", "property": "plan_tier", "type": "choice", "options": ["free", "team"], "write": "if-empty" },
                { "name": "seats", "property": "seat_count", "type": "number", "min": 0 }
            ]
        })))
        .problems(&[Problems::INVALID_PARAMETER, Problems::UNAVAILABLE])
}
