//! `GET /users/{userId}/sync`: the receipt of a version.

use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{GetReceipt, Receipt, SyncState};

use crate::request::{QueryParameters, RequestContext, UserIdPath, read_wait};
use crate::response::{ApiError, PREFERENCE_APPLIED, applied_wait, wait_for_result};
use crate::routes::Gateway;

/// The `version` parameter; `None` asks for the latest version.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::routes) struct VersionQuery(Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for VersionQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        QueryParameters::read(&parts.uri, &["version"])?
            .number("version")
            .map(Self)
    }
}

pub(in crate::routes) async fn get_receipt(
    State(gateway): State<Gateway>,
    UserIdPath(user_id): UserIdPath,
    VersionQuery(version): VersionQuery,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if version == Some(0) {
        return Err(ApiError::NotFound("versions start at 1".to_owned()));
    }
    let request = GetReceipt { user_id, version };
    let wait = read_wait(&headers);
    // Registered before the receipt is read, so that a result that comes right after it cannot be missed.
    let waiter = match wait {
        Some(_) => gateway.resolutions.register(&request.user_id).await,
        None => None,
    };
    let mut receipt = gateway.users.get_receipt(&request, &context).await?;
    let Some((wait, waiter)) = wait.zip(waiter) else {
        return Ok(respond(&receipt));
    };
    if receipt.state == SyncState::Pending {
        let (user_id, version) = (&request.user_id, receipt.version);
        receipt = wait_for_result(&gateway, &waiter, user_id, version, wait, &context).await?;
    }
    let mut response = respond(&receipt);
    response
        .headers_mut()
        .insert(PREFERENCE_APPLIED, applied_wait(wait));
    Ok(response)
}

fn respond(receipt: &Receipt) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(receipt)).into_response()
}
