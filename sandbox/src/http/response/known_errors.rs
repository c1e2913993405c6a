//! Responses of the pipeline and of injected faults: errors that occur before a call is carried out.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::json;

use super::error_body::ErrorBody;
use crate::{
    faults::{BodyKind, KnownError},
    limits::Policy,
    model::timestamp,
};

/// The id of the app in `groupName`. Any number will do.
const APP_ID: u32 = 1_512_050;

/// The response of an injected fault, with its usual body or another one.
pub(crate) fn error_response(
    error: KnownError,
    body: Option<BodyKind>,
    retry_after: Option<u64>,
    portal_id: u32,
) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match body.unwrap_or_else(|| error.usual_body()) {
        BodyKind::Json => json_body(error, portal_id).into_response(),
        BodyKind::Html => html_error(status),
        BodyKind::Empty => status.into_response(),
    };
    // HubSpot documents `Retry-After` for 477 only.
    let usual = (error == KnownError::Migrating).then_some(60);
    if let Some(seconds) = retry_after.or(usual) {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// An error page of a proxy in front of HubSpot.
pub(crate) fn html_error(status: StatusCode) -> Response {
    (status, Html(html_body(status.as_u16()))).into_response()
}

/// A 200 that does not say what was done.
pub(crate) fn odd_success(body: BodyKind) -> Response {
    match body {
        BodyKind::Json => Json(json!({})).into_response(),
        BodyKind::Html => Html(html_body(200)).into_response(),
        BodyKind::Empty => StatusCode::OK.into_response(),
    }
}

fn json_body(error: KnownError, portal_id: u32) -> ErrorBody {
    match error {
        KnownError::Unspecific => {
            ErrorBody::new(StatusCode::BAD_REQUEST, "Invalid input").category("VALIDATION_ERROR")
        }
        KnownError::InvalidToken => missing_credentials(),
        KnownError::ExpiredToken => expired(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH),
        KnownError::MissingScopes => missing_scopes(&["crm.objects.contacts.write"]),
        // This body was never seen, so the sandbox gives it no category.
        KnownError::ContactForbidden => ErrorBody::new(
            StatusCode::FORBIDDEN,
            "You do not have permission to edit this contact",
        ),
        KnownError::NotFound => ErrorBody::new(StatusCode::NOT_FOUND, "resource not found"),
        KnownError::RequestTimeout => ErrorBody::new(StatusCode::REQUEST_TIMEOUT, "The request timed out"),
        KnownError::TooManyIdentities => too_many_identities(),
        KnownError::Locked => locked(portal_id, "email", "someone@example.com"),
        KnownError::BurstLimit => rate_limit(Policy::Burst, portal_id),
        KnownError::SearchLimit => rate_limit(Policy::Search, portal_id),
        KnownError::DailyLimit => rate_limit(Policy::Daily, portal_id),
        KnownError::TokenLimit => rate_limit(Policy::Token, portal_id),
        KnownError::Migrating => ErrorBody::new(
            StatusCode::from_u16(477).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
            "This account is being migrated to another data center",
        ),
        KnownError::Server(status) => ErrorBody::new(
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            "internal error",
        ),
    }
}

/// The 401 for a missing or revoked token.
pub(crate) fn missing_credentials() -> ErrorBody {
    let message = "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find \
                   more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview";
    ErrorBody::new(StatusCode::UNAUTHORIZED, message).category("INVALID_AUTHENTICATION")
}

/// The 401 for an expired token. A token that cannot be decoded expired in 1970.
pub(crate) fn expired(expired_at: Timestamp, now: Timestamp) -> ErrorBody {
    let seconds = now.duration_since(expired_at).as_secs().max(0);
    let message = format!("The OAuth token used to make this call expired {seconds} second(s) ago.");
    ErrorBody::new(StatusCode::UNAUTHORIZED, message)
        .category("EXPIRED_AUTHENTICATION")
        .with("context", json!({ "expire time": [timestamp(expired_at)] }))
}

/// The 403 for an app that was granted none of these scopes.
pub(crate) fn missing_scopes(scopes: &[&str]) -> ErrorBody {
    let page = "https://developers.hubspot.com/scopes";
    let message = format!(
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: {page}."
    );
    ErrorBody::new(StatusCode::FORBIDDEN, message)
        .category("MISSING_SCOPES")
        .with("links", json!({ "scopes": page }))
        .with(
            "errors",
            json!([{
                "message": "One or more of the following scopes are required.",
                "context": { "requiredGranularScopes": scopes },
            }]),
        )
}

/// The 414 for a contact that was merged from more contacts than HubSpot allows.
pub(crate) fn too_many_identities() -> ErrorBody {
    let message = "Cannot have more than 250 identities on a profile";
    ErrorBody::new(StatusCode::URI_TOO_LONG, message)
}

/// The 423 for a write that arrives while another one holds the lock on a unique value.
pub(crate) fn locked(portal_id: u32, property: &str, value: &str) -> ErrorBody {
    let coordinates = format!(
        "PropertyValueCoordinates{{portalId={portal_id}, objectTypeId=ObjectTypeId{{metaTypeId=2, innerId=1}}, \
         propertyName={property}, value={value}}}"
    );
    let message =
        format!("Timed out trying to acquire unique value lock for {coordinates}. The lock was being held.");
    ErrorBody::new(StatusCode::LOCKED, message).category("LOCKED")
}

/// The 429 of a limit. These bodies have no category.
/// <https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines>
pub(crate) fn rate_limit(policy: Policy, portal_id: u32) -> ErrorBody {
    let app = format!("{APP_ID}:{portal_id}");
    let (limit, name, group) = match policy {
        Policy::Burst => {
            let group = format!("publicapi:private_app-api-calls-ten-secondly:{app}");
            ("ten_secondly_rolling limit", "TEN_SECONDLY_ROLLING", Some(group))
        }
        Policy::Search => (
            "secondly limit",
            "SECONDLY",
            Some(format!("publicapi:crm:search:oauth:{app}")),
        ),
        Policy::Daily => ("daily limit", "DAILY", None),
        Policy::Token => ("rate limit", "SECONDLY", None),
    };
    let body = ErrorBody::new(
        StatusCode::TOO_MANY_REQUESTS,
        format!("You have reached your {limit}."),
    )
    .with("errorType", "RATE_LIMIT")
    .with("policyName", name);
    match group {
        Some(group) => body.with("groupName", group),
        None => body,
    }
}

fn html_body(status: u16) -> String {
    format!(
        "<html>\n<head><title>{status}</title></head>\n<body>\n<h1>Error {status}</h1>\n</body>\n</html>\n"
    )
}
