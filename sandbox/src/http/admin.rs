//! The sandbox's own controls: health, the log of calls, faults, switches, limits, tokens.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::account::NAME;
use crate::{Fault, Limits, Switches, app::App, calls::Call, faults::NumberedFault};

/// A control that could not be worked, with the reason as text.
type Mistake = (StatusCode, String);

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

/// Takes a fault as JSON, or as the text that the command line takes.
pub(crate) async fn add_fault(
    State(app): State<Arc<App>>,
    body: String,
) -> Result<(StatusCode, Json<Value>), Mistake> {
    let fault: Fault = if body.trim_start().starts_with('{') {
        serde_json::from_str(&body).map_err(mistake)?
    } else {
        body.parse().map_err(mistake)?
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
) -> Result<Json<Switches>, Mistake> {
    let mut state = app.state();
    state.switches = state.switches.patched(&patch).map_err(mistake)?;
    Ok(Json(state.switches.clone()))
}

pub(crate) async fn limits(State(app): State<Arc<App>>) -> Json<Limits> {
    Json(app.state().meter.limits.clone())
}

pub(crate) async fn set_limits(State(app): State<Arc<App>>, Json(limits): Json<Limits>) -> StatusCode {
    app.state().meter.limits = limits;
    StatusCode::NO_CONTENT
}

/// The static tokens that are accepted from now on.
pub(crate) async fn set_tokens(State(app): State<Arc<App>>, Json(tokens): Json<Vec<String>>) -> StatusCode {
    app.state().tokens = tokens;
    StatusCode::NO_CONTENT
}

/// Ends the OAuth connection, as a person who uninstalls the app does.
pub(crate) async fn disconnect(State(app): State<Arc<App>>) -> StatusCode {
    app.state().oauth.disconnect();
    StatusCode::NO_CONTENT
}

/// Connects the account again; the body is the new refresh token, as JSON.
pub(crate) async fn connect(State(app): State<Arc<App>>, Json(refresh_token): Json<String>) -> StatusCode {
    app.state().oauth.connect(refresh_token);
    StatusCode::NO_CONTENT
}

/// A code as HubSpot gives it to a person who consents, for the address in the body, as JSON.
pub(crate) async fn add_code(State(app): State<Arc<App>>, Json(redirect_uri): Json<String>) -> Json<Value> {
    let code = Uuid::new_v4().to_string();
    app.state().oauth.add_code(code.clone(), redirect_uri);
    Json(json!({ "code": code }))
}

/// Ends every OAuth access token before its time.
pub(crate) async fn revoke_access_tokens(State(app): State<Arc<App>>) -> StatusCode {
    app.state().oauth.revoke_access_tokens();
    StatusCode::NO_CONTENT
}

fn mistake(error: impl std::fmt::Display) -> Mistake {
    (StatusCode::BAD_REQUEST, error.to_string())
}
