//! The OAuth token endpoint.
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

use crate::{
    app::{App, State as AppState},
    http::{
        pipeline::admission::{SCOPE_OF_ACCOUNT, SCOPE_OF_READS, SCOPE_OF_WRITES},
        request::parameters::Query,
        response::error_body::ErrorBody,
    },
    oauth::{IssuedTokens, TokenRejection, TokenRequest},
};

/// Version 1 answers with the tokens alone.
pub(crate) async fn issue_v1(State(app): State<Arc<App>>, body: Bytes) -> Response {
    respond(&app, &body, |_, issued| token_members(issued))
}

/// Later versions also name the account, the user and the scopes.
pub(crate) async fn issue(State(app): State<Arc<App>>, body: Bytes) -> Response {
    respond(&app, &body, |state, issued| {
        let mut members = token_members(issued);
        members["token_use"] = "access_token".into();
        members["hub_id"] = state.account.stored.portal_id.into();
        members["user_id"] = 9.into();
        members["scopes"] = granted_scopes(state).into();
        members
    })
}

fn respond(app: &App, body: &[u8], members: impl Fn(&AppState, &IssuedTokens) -> Value) -> Response {
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
    let new_token = || Uuid::new_v4().simple().to_string();
    match state.oauth.issue(&request, now, rotate, new_token) {
        Ok(issued) => Json(members(state, &issued)).into_response(),
        Err(rejection) => error_body(rejection).into_response(),
    }
}

fn token_members(issued: &IssuedTokens) -> Value {
    json!({
        "access_token": issued.access_token,
        "refresh_token": issued.refresh_token,
        "expires_in": issued.lifetime.as_secs(),
        "token_type": "bearer",
    })
}

fn granted_scopes(state: &AppState) -> Vec<&'static str> {
    let missing = &state.switches.missing_scopes;
    let all = [SCOPE_OF_READS, SCOPE_OF_WRITES, SCOPE_OF_ACCOUNT];
    all.into_iter()
        .filter(|scope| missing.iter().all(|missing| missing != scope))
        .collect()
}

fn error_body(
    TokenRejection {
        error,
        status,
        description,
    }: TokenRejection,
) -> ErrorBody {
    ErrorBody::new(StatusCode::BAD_REQUEST, description)
        .with("error", error)
        .with("error_description", description)
        .with("status", status)
}
