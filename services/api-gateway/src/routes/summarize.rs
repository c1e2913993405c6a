//! `GET /sync/summary`: how all users stand together.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::Gateway;
use crate::problem::ApiError;
use crate::request::RequestContext;

pub(super) async fn summarize(
    State(gateway): State<Gateway>,
    Extension(context): Extension<RequestContext>,
) -> Result<Response, ApiError> {
    let summary = gateway.users.summarize(&context).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(summary)).into_response())
}
