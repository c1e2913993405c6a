//! `GET /sync`: users that are in trouble, or pending, a page at a time.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::Gateway;
use crate::problem::ApiError;
use crate::request::{ListQuery, RequestContext};

pub(super) async fn list_users(
    State(gateway): State<Gateway>,
    ListQuery(list): ListQuery,
    Extension(context): Extension<RequestContext>,
) -> Result<Response, ApiError> {
    let page = gateway.users.read(&list, &context).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(page)).into_response())
}
