//! `GET /sync/summary`: counts users by their state, and gives the status of delivery.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::UsersSummary;
use serde::Serialize;

use crate::events::DeliveryReport;
use crate::request::{NoQuery, RequestContext};
use crate::response::ApiError;
use crate::routes::Gateway;

/// The body of the response.
#[derive(Serialize)]
struct Summary {
    #[serde(flatten)]
    users: UsersSummary,
    delivery: DeliveryReport,
}

pub(in crate::routes) async fn summarize_users(
    _: NoQuery,
    State(gateway): State<Gateway>,
    Extension(context): Extension<RequestContext>,
) -> Result<Response, ApiError> {
    let users = gateway.users.summarize(&context).await?;
    let delivery = gateway.delivery.report();
    Ok(([(CACHE_CONTROL, "no-store")], Json(Summary { users, delivery })).into_response())
}
