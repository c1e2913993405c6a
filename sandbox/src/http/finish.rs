//! Writes the bodies of errors, and the headers that every answer has.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use uuid::Uuid;

use super::{error_body::ErrorBody, language::translate, refusal_body::body_of};
use crate::{app::App, model::Refusal};

/// Writes the body of an error that travels as an extension of its response. Other responses stay as they are.
pub(crate) fn with_body(app: &App, mut response: Response, correlation_id: &str) -> Response {
    let state = app.state();
    let refusal = response.extensions_mut().remove::<Refusal>();
    let refused = refusal.map(|refusal| {
        let portal_id = state.account.stored.portal_id;
        body_of(&refusal, portal_id, state.switches.conflict_body)
    });
    // The router's own answer to a path that has no such method.
    let no_such_method = (response.status() == StatusCode::METHOD_NOT_ALLOWED)
        .then(|| ErrorBody::new(StatusCode::METHOD_NOT_ALLOWED, "HTTP 405 Method Not Allowed"));
    let error = refused.or_else(|| response.extensions_mut().remove::<ErrorBody>());
    let Some(mut error) = error.or(no_such_method) else {
        return response;
    };
    translate(&mut error.json, state.switches.message_language);
    let mut written = error.correlated(correlation_id);
    for name in [header::RETRY_AFTER, header::ALLOW] {
        if let Some(value) = response.headers_mut().remove(&name) {
            written.headers_mut().insert(name, value);
        }
    }
    written
}

/// Writes the bodies of errors of the sandbox's own controls, which no gate stands before.
pub(crate) async fn finish_control(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    with_body(&app, response, &Uuid::new_v4().to_string())
}

/// Adds the headers of the call, and those that every answer has.
pub(crate) fn with_headers(mut response: Response, headers: HeaderMap, correlation_id: &str) -> Response {
    response.headers_mut().extend(headers);
    if response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/json")
    {
        let with_charset = HeaderValue::from_static("application/json;charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, with_charset);
    }
    if let Ok(value) = HeaderValue::from_str(correlation_id) {
        response.headers_mut().insert("x-hubspot-correlation-id", value);
    }
    // A client that follows nothing but this header would still learn that it is not talking to HubSpot.
    response
        .headers_mut()
        .insert(header::SERVER, HeaderValue::from_static("hubspot-sandbox"));
    response
}
