//! `GET /users/{userId}`: the user as it is stored.

use crate::openapi::{Describe, Media, Problems};
use aide::transform::TransformOperation;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::GetUser;
use serde_json::json;

use crate::request::{NoQuery, RequestContext, UserIdPath};
use crate::response::{ApiError, entity_tag, matches_any};
use crate::routes::Gateway;

pub(in crate::routes) async fn get_user(
    _: NoQuery,
    State(gateway): State<Gateway>,
    UserIdPath(user_id): UserIdPath,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = gateway.services.read(&GetUser { user_id }, &context).await?;
    // Personal data must not be kept in a shared cache.
    let private = HeaderValue::from_static("private, no-cache");
    let response_headers = [(ETAG, entity_tag(user.version)), (CACHE_CONTROL, private)];
    if matches_any(&headers, &IF_NONE_MATCH, user.version) {
        return Ok((StatusCode::NOT_MODIFIED, response_headers).into_response());
    }
    Ok((response_headers, Json(user)).into_response())
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_get_user(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("getUser", "Users", "Read a user", "The user as it is stored, with its version as `ETag`.")
        .headers(&["requestId", "traceparent", "ifNoneMatch"])
        .responds(200, "The user.", &["ETag"], "application/json", Media::named("User").example(json!({
            "userId": "1", "email": "bh@hubspot.com", "firstName": "Brian", "lastName": null, "version": 7,
            "updatedAt": "2026-01-05T09:30:00.123Z"
        })))
        .responds_empty(304, "The caller has this version already.", &["ETag"])
        .problems(&[Problems::INVALID_PARAMETER, Problems::NOT_FOUND, Problems::INTERNAL, Problems::BAD_ANSWER, Problems::UNAVAILABLE, Problems::NO_ANSWER,])
}
