//! The sandbox's own controls under `/_sandbox`: health, the log of calls, faults, switches, limits, tokens.

pub(crate) mod contacts;
pub(crate) mod properties;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};

use super::endpoints::account_details::NAME;
use crate::{
    Fault, Limits, Switches,
    app::{App, Call},
    faults::NumberedFault,
};

/// The response to a request that cannot be understood, with the reason as text.
type BadRequest = (StatusCode, String);

pub(crate) async fn health(State(app): State<Arc<App>>) -> Json<Value> {
    let portal_id = app.state().account.stored.portal_id;
    Json(json!({ "status": "ok", "name": NAME, "portalId": portal_id }))
}

pub(crate) async fn calls(State(app): State<Arc<App>>) -> Json<Vec<Call>> {
    Json(app.state().calls.all().cloned().collect())
}

pub(crate) async fn forget_calls(State(app): State<Arc<App>>) -> StatusCode {
    app.state().calls.clear();
    StatusCode::NO_CONTENT
}

pub(crate) async fn faults(State(app): State<Arc<App>>) -> Json<Vec<NumberedFault>> {
    Json(app.state().faults.all().to_vec())
}

/// Adds a fault, given as JSON or in the text form of the command line.
pub(crate) async fn add_fault(
    State(app): State<Arc<App>>,
    body: String,
) -> Result<(StatusCode, Json<Value>), BadRequest> {
    let fault: Fault = if body.trim_start().starts_with('{') {
        serde_json::from_str(&body).map_err(bad_request)?
    } else {
        body.parse().map_err(bad_request)?
    };
    let id = app.state().faults.add(fault);
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

pub(crate) async fn clear_faults(State(app): State<Arc<App>>) -> StatusCode {
    app.state().faults.clear();
    StatusCode::NO_CONTENT
}

pub(crate) async fn remove_fault(State(app): State<Arc<App>>, Path(id): Path<u64>) -> StatusCode {
    if app.state().faults.remove(id) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

pub(crate) async fn switches(State(app): State<Arc<App>>) -> Json<Switches> {
    Json(app.state().switches.clone())
}

pub(crate) async fn patch_switches(
    State(app): State<Arc<App>>,
    Json(patch): Json<Value>,
) -> Result<Json<Switches>, BadRequest> {
    let mut state = app.state();
    state.switches = state.switches.patched(&patch).map_err(bad_request)?;
    Ok(Json(state.switches.clone()))
}

pub(crate) async fn limits(State(app): State<Arc<App>>) -> Json<Limits> {
    Json(app.state().limiter.limits.clone())
}

pub(crate) async fn set_limits(State(app): State<Arc<App>>, Json(limits): Json<Limits>) -> StatusCode {
    app.state().limiter.limits = limits;
    StatusCode::NO_CONTENT
}

/// Replaces the accepted static tokens.
pub(crate) async fn set_tokens(State(app): State<Arc<App>>, Json(tokens): Json<Vec<String>>) -> StatusCode {
    app.state().tokens = tokens;
    StatusCode::NO_CONTENT
}

/// Ends the OAuth connection, as a person who uninstalls the app does.
pub(crate) async fn disconnect(State(app): State<Arc<App>>) -> StatusCode {
    app.state().oauth.disconnect();
    StatusCode::NO_CONTENT
}

/// Connects the account again. The body is the new refresh token, as JSON.
pub(crate) async fn connect(State(app): State<Arc<App>>, Json(refresh_token): Json<String>) -> StatusCode {
    app.state().oauth.connect(refresh_token);
    StatusCode::NO_CONTENT
}

/// Issues a code as HubSpot does when a person consents. The body is the redirect address, as JSON.
pub(crate) async fn add_code(State(app): State<Arc<App>>, Json(redirect_uri): Json<String>) -> Json<Value> {
    let code = app.issue_authorization_code(redirect_uri);
    Json(json!({ "code": code }))
}

/// Revokes every OAuth access token.
pub(crate) async fn revoke_access_tokens(State(app): State<Arc<App>>) -> StatusCode {
    app.state().oauth.revoke_access_tokens();
    StatusCode::NO_CONTENT
}

fn bad_request(error: impl std::fmt::Display) -> BadRequest {
    (StatusCode::BAD_REQUEST, error.to_string())
}
