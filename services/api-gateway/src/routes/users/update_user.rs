//! `PATCH /users/{userId}`: changes a user, or creates it.

use crate::openapi::{Describe, Media, Problems, user_schema};
use aide::transform::TransformOperation;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ETAG, LINK};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{
    FieldDefinitions, GetUser, SyncState, UpdateForm, UpdateUser, User, UserId, UserUpdated, Values,
    VersionState,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::request::{
    IfMatch, JsonObject, NoQuery, RequestContext, UserIdPath, read_body, read_change_format, read_fields,
    read_idempotency_key, read_if_match, read_wait, reject_if_none_match,
};
use crate::response::{ApiError, PREFERENCE_APPLIED, applied_wait, entity_tag, wait_for_result};
use crate::routes::Gateway;

/// The response to a change that is stored.
#[derive(Debug, Serialize, JsonSchema)]
struct ChangeAccepted<'a> {
    /// Always true.
    #[schemars(extend("const" = true))]
    success: bool,
    /// What happened, for people.
    message: &'static str,
    /// Whether the change gave a field another value, and so made a version. If not, the user has the version that it had.
    changed: bool,
    /// The user as it is stored now.
    #[schemars(schema_with = "user_schema")]
    user: &'a User,
    /// The version that the change made, or the one that the user had, and the state of its delivery.
    sync: VersionState,
}

pub(in crate::routes) async fn update_user(
    _: NoQuery,
    State(gateway): State<Gateway>,
    UserIdPath(user_id): UserIdPath,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = read_change_format(&headers)?;
    reject_if_none_match(&headers)?;
    let condition = read_if_match(&headers)?;
    let idempotency_key = read_idempotency_key(&headers)?;
    let body = read_body(&headers, body, gateway.read_timeout).await?;
    let fields = parse_change(form, &body, &*gateway.services.fields().await?)?;
    let if_match = match condition {
        None => None,
        Some(IfMatch::Version(version)) => Some(version),
        Some(IfMatch::Never) => return Err(version_mismatch(&gateway, user_id, &context).await),
    };
    let change = UpdateUser {
        user_id,
        form,
        fields,
        if_match,
        idempotency_key,
        sender_try: None,
    };
    let Some(wait) = read_wait(&headers) else {
        return Ok(accepted(&gateway.services.update_user(&change, &context).await?));
    };
    // Registered before the change is sent, so that its notice cannot be missed.
    let waiter = gateway.resolutions.register(&change.user_id).await;
    let mut updated = gateway.services.update_user(&change, &context).await?;
    // Too many callers wait: this one is answered at once, without the header that says it waited.
    let Some(waiter) = waiter else {
        return Ok(accepted(&updated));
    };
    if updated.sync.state == SyncState::Pending {
        let (user_id, version) = (&change.user_id, updated.sync.version);
        // The change is stored, so an error while waiting must not look like a failed change.
        if let Ok(receipt) = wait_for_result(&gateway, &waiter, user_id, version, wait, &context).await {
            updated.sync.state = receipt.state;
        }
    }
    let mut response = accepted(&updated);
    response
        .headers_mut()
        .insert(PREFERENCE_APPLIED, applied_wait(wait));
    Ok(response)
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_update_user(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("updateUser", "Users", "Change a user, or create it",
            "With `application/json`, every change gives `email`; a name that is absent or null stays unchanged. With \
             `application/merge-patch+json` (RFC 7396), absent fields stay unchanged and null clears a name; `email` cannot be null, and is \
             required for a user that does not exist yet. Fields whose values differ from the stored ones make a new version together. Equal \
             values make none: `changed` is false then, and nothing is sent to HubSpot, except that a field with a problem that is older than ten \
             minutes is tried again. Addresses that differ only in the case of their letters are equal. The body may have 16 KiB. Unknown members, repeated members and invalid \
             values are all reported at once. `If-None-Match` is rejected.")
        .headers(&["requestId", "traceparent", "ifMatch", "idempotencyKey", "prefer"])
        .body("application/json", Media::named("UserChange").example(json!({
            "email": "bh@hubspot.com", "firstName": "Brian", "lastName": "Halligan"
        })))
        .body("application/merge-patch+json", Media::named("UserMergePatch").example(json!({ "firstName": "Brian", "lastName": null })))
        .responds(200, "The change is stored. `sync` has the state of its delivery.", &["ETag", "Link", "Preference-Applied"], "application/json",
            Media::of::<ChangeAccepted<'_>>().example(json!({
                "success": true, "message": message(SyncState::Pending, true), "changed": true,
                "user": { "userId": "1", "email": "bh@hubspot.com", "firstName": "Brian", "lastName": "Halligan", "version": 7,
                    "updatedAt": "2026-01-05T09:30:00.123Z" },
                "sync": { "state": "pending", "version": 7 }
            })))
        .problems(&[
            Problems::INVALID_CHANGE, Problems::BODY_TIMED_OUT, Problems::VERSION_MISMATCH, Problems::BODY_TOO_LARGE,
            Problems::UNSUPPORTED_MEDIA_TYPE, Problems::KEY_REUSED, Problems::TOO_MANY_KEYS, Problems::INTERNAL, Problems::BAD_ANSWER, Problems::UNAVAILABLE,
            Problems::CHANGE_UNANSWERED,
        ])
}

/// The fields that the body gives, or every error in it.
fn parse_change(form: UpdateForm, body: &[u8], fields: &FieldDefinitions) -> Result<Values, ApiError> {
    let known: Vec<&str> = fields.iter().map(|(field, _)| field.name()).collect();
    let mut object = JsonObject::read(body, &known, "a user")?;
    let values = read_fields(form, &mut object, fields);
    object.finish(values)
}

/// The error for a condition that no version can meet. It names the stored version, which has to be read for that.
async fn version_mismatch(gateway: &Gateway, user_id: UserId, context: &RequestContext) -> ApiError {
    match gateway.services.read(&GetUser { user_id }, context).await {
        Ok(user) => ApiError::VersionMismatch {
            current: Some(user.version),
        },
        Err(ApiError::NotFound(_)) => ApiError::VersionMismatch { current: Some(0) },
        Err(error) => error,
    }
}

fn accepted(updated: &UserUpdated) -> Response {
    let UserUpdated { user, changed, sync } = updated;
    let body = ChangeAccepted {
        success: true,
        message: message(sync.state, *changed),
        changed: *changed,
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

fn message(state: SyncState, is_changed: bool) -> &'static str {
    match state {
        _ if !is_changed => "the user has these values already; sync has the result of their delivery",
        SyncState::Pending => "the change is accepted and will be delivered to HubSpot",
        SyncState::Rejected
        | SyncState::Conflict
        | SyncState::Failed
        | SyncState::NotFound
        | SyncState::Confirmed
        | SyncState::Skipped
        | SyncState::Superseded
        | SyncState::Unknown => "the change is accepted; sync has the result of its delivery",
    }
}

#[cfg(test)]
mod tests;
