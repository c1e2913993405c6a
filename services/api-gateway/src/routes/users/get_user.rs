//! `GET /users/{userId}`: the user as it is stored.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::GetUser;

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
    let user = gateway.users.get(&GetUser { user_id }, &context).await?;
    // Personal data must not be kept in a shared cache.
    let private = HeaderValue::from_static("private, no-cache");
    let response_headers = [(ETAG, entity_tag(user.version)), (CACHE_CONTROL, private)];
    if matches_any(&headers, &IF_NONE_MATCH, user.version) {
        return Ok((StatusCode::NOT_MODIFIED, response_headers).into_response());
    }
    Ok((response_headers, Json(user)).into_response())
}
