//! `GET /users/{userId}/sync`: what became of a version in HubSpot.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{GetReceipt, Receipt, SyncState as SyncStateName};

use super::Gateway;
use crate::problem::ApiError;
use crate::request::{RequestContext, UserIdPath, VersionQuery, read_wait};
use crate::verdict::{PREFERENCE_APPLIED, applied, wait_for_verdict};

pub(super) async fn get_receipt(
    State(gateway): State<Gateway>,
    UserIdPath(user_id): UserIdPath,
    VersionQuery(version): VersionQuery,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if version == Some(0) {
        return Err(ApiError::NotFound("versions count from 1".to_owned()));
    }
    let question = GetReceipt { user_id, version };
    let wait = read_wait(&headers);
    let place = match wait {
        Some(_) => gateway.settlements.wait_for(&question.user_id).await,
        None => None,
    };
    let mut receipt = gateway.users.read(&question, &context).await?;
    let Some((wait, place)) = wait.zip(place) else {
        return Ok(answer(&receipt));
    };
    if receipt.state == SyncStateName::Pending {
        let (user_id, version) = (&question.user_id, receipt.version);
        receipt = wait_for_verdict(&gateway, &place, user_id, version, wait, &context).await?;
    }
    let mut response = answer(&receipt);
    response.headers_mut().insert(PREFERENCE_APPLIED, applied(wait));
    Ok(response)
}

fn answer(receipt: &Receipt) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(receipt)).into_response()
}
