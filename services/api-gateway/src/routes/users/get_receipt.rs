//! `GET /users/{userId}/sync`: the receipt of a version.

use crate::openapi::{Describe, Media, Problems, add_query_parameters};
use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use aide::transform::TransformOperation;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use contracts::{GetReceipt, Receipt, SyncState};
use serde_json::{Value, json};

use crate::request::{QueryParameters, RequestContext, UserIdPath, read_wait};
use crate::response::{ApiError, PREFERENCE_APPLIED, applied_wait, wait_for_result};
use crate::routes::Gateway;

/// The `version` parameter; `None` asks for the latest version.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::routes) struct VersionQuery(Option<u64>);

impl OperationInput for VersionQuery {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        add_query_parameters(
            operation,
            json!([{
                "name": "version", "in": "query", "description": "The version; the latest one if it is absent.",
                "schema": { "type": "integer", "format": "int64", "minimum": 1 }, "example": 7
            }]),
        );
    }
}

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
    let mut receipt = gateway.services.read(&request, &context).await?;
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

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_get_receipt(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe(
            "getReceipt",
            "Delivery",
            "Read a receipt",
            "The state of each field that a version was the last to change.",
        )
        .headers(&["requestId", "traceparent", "prefer"])
        .responds(
            200,
            "The receipt.",
            &["Preference-Applied"],
            "application/json",
            receipt_examples(Media::of::<Receipt>()),
        )
        .problems(&[
            Problems::INVALID_PARAMETER,
            Problems::NOT_FOUND,
            Problems::INTERNAL,
            Problems::BAD_ANSWER,
            Problems::UNAVAILABLE,
            Problems::NO_ANSWER,
        ])
}

fn respond(receipt: &Receipt) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(receipt)).into_response()
}

/// Examples of receipts for the API document.
fn receipt_examples(media: Media) -> Media {
    let attempt = |number: u64, version: u64, status: u16| {
        json!({ "attempt": number, "version": version, "at": "2026-01-05T09:30:00.150Z", "durationMs": 306, "status": status,
            "correlationId": "8e03978e-40d5-43e8-bc93-6894a57f9324" })
    };
    let at = "2026-01-05T09:30:00.456Z";
    media
        .named_example("confirmed", "HubSpot has the values", json!({
            "userId": "1", "version": 7, "state": "confirmed", "resending": false,
            "fields": { "firstName": { "state": "confirmed", "recordedAt": at } },
            "overallState": "confirmed",
            "earlierFields": {
                "email": { "version": 1, "state": "confirmed", "recordedAt": "2026-01-04T17:05:00.321Z" },
                "lastName": { "version": 6, "state": "confirmed", "normalized": true, "recordedAt": "2026-01-05T09:29:00.123Z" } },
            "contact": { "contactId": "51", "accountId": "1234567", "address": "bh@hubspot.com", "origin": "primaryAddress" },
            "attempts": 3, "lastAttempts": [attempt(3, 7, 200)], "currentVersion": 7
        }))
        .named_example("rejected", "HubSpot rejected a value, with its reason", json!({
            "userId": "7", "version": 3, "state": "rejected", "resending": false,
            "fields": {
                "email": { "state": "rejected", "recordedAt": at, "reason": {
                    "code": "INVALID_EMAIL", "category": "VALIDATION_ERROR", "message": "Email address is invalid", "status": 400,
                    "correlationId": "8e03978e-40d5-43e8-bc93-6894a57f9324" } },
                "firstName": { "state": "confirmed", "recordedAt": at } },
            "overallState": "rejected",
            "contact": { "contactId": "58", "accountId": "1234567", "origin": "followed" },
            "attempts": 1, "lastAttempts": [attempt(1, 3, 400)], "currentVersion": 3
        }))
        .named_example("notFound", "No contact has the address", json!({
            "userId": "8", "version": 1, "state": "notFound", "resending": false,
            "fields": { "email": { "state": "notFound", "recordedAt": at } },
            "overallState": "notFound",
            "problems": [{ "problem": "notFound", "fields": ["email"],
                "explanation": "No HubSpot contact has the user's address. hubsync updates contacts; it creates one only if HUBSPOT_CONTACT_NOT_FOUND=create is set for the hubspot service.",
                "remedy": "Create the contact in HubSpot, correct the user's address, or set HUBSPOT_CONTACT_NOT_FOUND=create.",
                "addresses": ["nobody@example.com"], "nextAttemptAt": "2026-01-05T09:31:00.456Z" }],
            "attempts": 1, "lastAttempts": [attempt(1, 1, 207)], "currentVersion": 1
        }))
}

/// An example of the receipt of the current version after an operator changed the link.
pub(super) fn link_example() -> Value {
    json!({
        "userId": "7", "version": 3, "state": "pending", "resending": false,
        "fields": { "email": { "state": "pending" }, "firstName": { "state": "pending" }, "lastName": { "state": "pending" } },
        "overallState": "pending",
        "contact": { "contactId": "501", "accountId": "1234567", "origin": "byOperator" },
        "attempts": 1, "currentVersion": 3
    })
}
