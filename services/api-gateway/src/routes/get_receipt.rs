//! `GET /users/{userId}/sync`: what became of a version in HubSpot.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::GetReceipt;

use super::Gateway;
use crate::problem::ApiError;
use crate::request::{RequestContext, UserIdPath, VersionQuery};

pub(super) async fn get_receipt(
    State(gateway): State<Gateway>,
    UserIdPath(user_id): UserIdPath,
    VersionQuery(version): VersionQuery,
    Extension(context): Extension<RequestContext>,
) -> Result<Response, ApiError> {
    if version == Some(0) {
        return Err(ApiError::NotFound("versions count from 1".to_owned()));
    }
    let receipt = gateway
        .users
        .get_receipt(&GetReceipt { user_id, version }, &context)
        .await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(receipt)).into_response())
}
