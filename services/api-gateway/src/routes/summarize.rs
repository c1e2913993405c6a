//! `GET /sync/summary`: how all users stand together, and the line to HubSpot.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::UsersSummary;
use serde::Serialize;

use super::Gateway;
use crate::lines::Line;
use crate::problem::ApiError;
use crate::request::{NoQuery, RequestContext};

#[derive(Serialize)]
struct Summary {
    #[serde(flatten)]
    users: UsersSummary,
    delivery: Line,
}

pub(super) async fn summarize(
    _: NoQuery,
    State(gateway): State<Gateway>,
    Extension(context): Extension<RequestContext>,
) -> Result<Response, ApiError> {
    let users = gateway.users.summarize(&context).await?;
    let delivery = gateway.lines.now();
    Ok(([(CACHE_CONTROL, "no-store")], Json(Summary { users, delivery })).into_response())
}
