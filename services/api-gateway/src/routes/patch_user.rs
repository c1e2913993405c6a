//! `PATCH /users/{userId}`: changes a user, or creates it.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ETAG, LINK};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{GetUser, SyncState as SyncStateName, UpdateUser, User, UserId, UserUpdated, VersionState};
use serde::Serialize;

use super::Gateway;
use crate::problem::ApiError;
use crate::request::{
    Condition, NoQuery, RequestContext, UserIdPath, entity_tag, parse_change, read_body, read_form,
    read_idempotency_key, read_if_match, read_wait, refuse_if_none_match,
};
use crate::verdict::{PREFERENCE_APPLIED, applied, wait_for_verdict};

/// The body of a 200.
#[derive(Debug, Serialize)]
struct Accepted<'a> {
    success: bool,
    message: &'static str,
    user: &'a User,
    sync: VersionState,
}

pub(super) async fn patch_user(
    _: NoQuery,
    State(gateway): State<Gateway>,
    UserIdPath(user_id): UserIdPath,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = read_form(&headers)?;
    refuse_if_none_match(&headers)?;
    let condition = read_if_match(&headers)?;
    let idempotency_key = read_idempotency_key(&headers)?;
    let body = read_body(&headers, body, gateway.read_timeout).await?;
    let fields = parse_change(form, &body)?;
    let if_match = match condition {
        None => None,
        Some(Condition::Version(version)) => Some(version),
        Some(Condition::Never) => return Err(never_matches(&gateway, user_id, &context).await),
    };
    let change = UpdateUser {
        user_id,
        form,
        fields,
        if_match,
        idempotency_key: Some(idempotency_key),
    };
    let Some(wait) = read_wait(&headers) else {
        return Ok(accepted(&gateway.users.change(&change, &context).await?));
    };
    // Taken before the change is made, so that no notice of it is missed.
    let place = gateway.settlements.wait_for(&change.user_id).await;
    let mut updated = gateway.users.change(&change, &context).await?;
    let Some(place) = place else {
        return Ok(accepted(&updated));
    };
    if updated.sync.state == SyncStateName::Pending {
        let (user_id, version) = (&change.user_id, updated.sync.version);
        // The change is made, whatever becomes of the question.
        if let Ok(receipt) = wait_for_verdict(&gateway, &place, user_id, version, wait, &context).await {
            updated.sync.state = receipt.state;
        }
    }
    let mut response = accepted(&updated);
    response.headers_mut().insert(PREFERENCE_APPLIED, applied(wait));
    Ok(response)
}

/// The refusal names the current version, so it is asked for.
async fn never_matches(gateway: &Gateway, user_id: UserId, context: &RequestContext) -> ApiError {
    match gateway.users.read(&GetUser { user_id }, context).await {
        Ok(user) => ApiError::VersionMismatch {
            current: Some(user.version),
        },
        Err(ApiError::NotFound(_)) => ApiError::VersionMismatch { current: Some(0) },
        Err(error) => error,
    }
}

fn accepted(updated: &UserUpdated) -> Response {
    let UserUpdated { user, sync } = updated;
    let body = Accepted {
        success: true,
        message: message(sync.state),
        user,
        sync: *sync,
    };
    let receipt = format!(
        "</users/{}/sync?version={}>; rel=\"status\"",
        user.user_id, sync.version
    );
    let link = HeaderValue::try_from(receipt).expect("a user id and a number make a header value");
    ([(ETAG, entity_tag(user.version)), (LINK, link)], Json(body)).into_response()
}

fn message(state: SyncStateName) -> &'static str {
    match state {
        SyncStateName::Pending => "the change is accepted and on its way to HubSpot",
        SyncStateName::Unchanged => "the change is accepted and has nothing to tell HubSpot",
        SyncStateName::Rejected
        | SyncStateName::Conflict
        | SyncStateName::Failed
        | SyncStateName::NotFound
        | SyncStateName::Confirmed
        | SyncStateName::Superseded
        | SyncStateName::Unknown => "the change is accepted; sync says what became of it",
    }
}
