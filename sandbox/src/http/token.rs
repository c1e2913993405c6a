//! The token endpoint.
//! <https://developers.hubspot.com/docs/api-reference/legacy/authentication/oauth-tokens/v1/migration-guide>

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    error_body::ErrorBody,
    gate_check::{SCOPE_OF_ACCOUNT, SCOPE_OF_READS, SCOPE_OF_WRITES},
    query::Query,
};
use crate::{
    app::{App, State as AppState},
    oauth::{Issued, TokenRefusal, TokenRequest},
};

/// The first version's answer: tokens and nothing on whose they are.
pub(crate) async fn issue_v1(State(app): State<Arc<App>>, body: Bytes) -> Response {
    answer(&app, &body, |_, issued| first_members(issued))
}

/// The answer of later versions.
pub(crate) async fn issue(State(app): State<Arc<App>>, body: Bytes) -> Response {
    answer(&app, &body, |state, issued| {
        let mut members = first_members(issued);
        members["token_use"] = "access_token".into();
        members["hub_id"] = state.account.stored.portal_id.into();
        members["user_id"] = 9.into();
        members["scopes"] = granted(state).into();
        members
    })
}

fn answer(app: &App, body: &[u8], members: impl Fn(&AppState, &Issued) -> Value) -> Response {
    let form = Query::parse(&String::from_utf8_lossy(body));
    let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let request = TokenRequest {
        grant_type: field("grant_type"),
        client_id: field("client_id"),
        client_secret: field("client_secret"),
        refresh_token: field("refresh_token"),
        code: field("code"),
        redirect_uri: field("redirect_uri"),
    };
    let now = app.clock.now();
    let state = &mut *app.state();
    let rotate = state.switches.rotate_refresh_token;
    let fresh = || Uuid::new_v4().simple().to_string();
    match state.oauth.issue(&request, now, rotate, fresh) {
        Ok(issued) => Json(members(state, &issued)).into_response(),
        Err(refusal) => refused(refusal).into_response(),
    }
}

fn first_members(issued: &Issued) -> Value {
    json!({
        "access_token": issued.access_token,
        "refresh_token": issued.refresh_token,
        "expires_in": issued.lifetime.as_secs(),
        "token_type": "bearer",
    })
}

fn granted(state: &AppState) -> Vec<&'static str> {
    let missing = &state.switches.missing_scopes;
    let all = [SCOPE_OF_READS, SCOPE_OF_WRITES, SCOPE_OF_ACCOUNT];
    all.into_iter()
        .filter(|scope| missing.iter().all(|missing| missing != scope))
        .collect()
}

fn refused(
    TokenRefusal {
        error,
        status,
        description,
    }: TokenRefusal,
) -> ErrorBody {
    ErrorBody::new(StatusCode::BAD_REQUEST, description)
        .with("error", error)
        .with("error_description", description)
        .with("status", status)
}
