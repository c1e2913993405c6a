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
use serde_json::json;
use uuid::Uuid;

use super::{error_body::ErrorBody, query::Query};
use crate::{
    app::App,
    oauth::{TokenRefusal, TokenRequest},
};

pub(crate) async fn issue(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let form = Query::parse(&String::from_utf8_lossy(&body));
    let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let request = TokenRequest {
        grant_type: field("grant_type"),
        client_id: field("client_id"),
        client_secret: field("client_secret"),
        refresh_token: field("refresh_token"),
    };
    let now = app.clock.now();
    let state = &mut *app.state();
    let rotate = state.switches.rotate_refresh_token;
    match state
        .oauth
        .issue(&request, now, rotate, || Uuid::new_v4().simple().to_string())
    {
        Ok(issued) => Json(json!({
            "access_token": issued.access_token,
            "refresh_token": issued.refresh_token,
            "expires_in": issued.lifetime.as_secs(),
            "token_type": "bearer",
            "token_use": "access_token",
            "hub_id": state.account.stored.portal_id,
            "user_id": 9,
            "scopes": ["crm.objects.contacts.read", "crm.objects.contacts.write", "oauth"],
        }))
        .into_response(),
        Err(refusal) => refused(refusal).into_response(),
    }
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
