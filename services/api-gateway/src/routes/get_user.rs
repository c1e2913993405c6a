//! `GET /users/{userId}`: the user as it stands.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::GetUser;

use super::Gateway;
use crate::problem::ApiError;
use crate::request::{NoQuery, RequestContext, UserIdPath, entity_tag, matches_any};

pub(super) async fn get_user(
    _: NoQuery,
    State(gateway): State<Gateway>,
    UserIdPath(user_id): UserIdPath,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = gateway.users.read(&GetUser { user_id }, &context).await?;
    // Personal data belongs into no shared cache.
    let kept_by_caller = HeaderValue::from_static("private, no-cache");
    let headers_out = [(ETAG, entity_tag(user.version)), (CACHE_CONTROL, kept_by_caller)];
    if matches_any(&headers, &IF_NONE_MATCH, user.version) {
        return Ok((StatusCode::NOT_MODIFIED, headers_out).into_response());
    }
    Ok((headers_out, Json(user)).into_response())
}
