//! The page on which a person connects an app to the account, as on `app.hubspot.com`: it sends them back to the app
//! with a code, or with an error.
//! <https://developers.hubspot.com/docs/api-reference/legacy/authentication/manage-oauth-tokens>

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{app::App, http::request::parameters::Query};

/// Shows the page, with one link to connect and one to cancel.
pub(crate) async fn show(State(app): State<Arc<App>>, query: Query) -> Response {
    let given = |name: &str| query.get(name).is_some_and(|value| !value.is_empty());
    if !["client_id", "redirect_uri", "scope"].into_iter().all(given) {
        return bad_request("client_id, redirect_uri and scope are needed");
    }
    if !app
        .state()
        .oauth
        .has_client_id(query.get("client_id").unwrap_or_default())
    {
        return bad_request("no app has this client id");
    }
    let parameters = ["redirect_uri", "state"].map(|name| {
        let value = encoded(query.get(name).unwrap_or_default());
        format!("{name}={value}")
    });
    let parameters = parameters.join("&amp;");
    Html(format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Connect an app (sandbox)</title>\
         <p>An app asks to be connected to this HubSpot sandbox.</p>\
         <p><a href=\"/oauth/authorize/grant?{parameters}\">Connect</a> \
         <a href=\"/oauth/authorize/deny?{parameters}\">Cancel</a></p>"
    ))
    .into_response()
}

/// Handles the link with which the person connects the app.
pub(crate) async fn grant(State(app): State<Arc<App>>, query: Query) -> Response {
    let redirect_uri = query.get("redirect_uri").unwrap_or_default();
    let code = app.issue_authorization_code(redirect_uri);
    redirect_back(&query, &format!("code={code}"))
}

/// Handles the link with which the person cancels.
pub(crate) async fn deny(query: Query) -> Response {
    let why = encoded("the user denied access");
    redirect_back(&query, &format!("error=access_denied&error_description={why}"))
}

/// Sends the person back to the app.
fn redirect_back(query: &Query, answer: &str) -> Response {
    let to = query.get("redirect_uri").unwrap_or_default();
    let state = encoded(query.get("state").unwrap_or_default());
    let separator = if to.contains('?') { '&' } else { '?' };
    let to = format!("{to}{separator}{answer}&state={state}");
    (StatusCode::FOUND, [(LOCATION, to)]).into_response()
}

fn bad_request(why: &'static str) -> Response {
    (StatusCode::BAD_REQUEST, why).into_response()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
