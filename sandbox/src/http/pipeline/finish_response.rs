//! Writes the bodies of errors, and the headers that every response has.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use uuid::Uuid;

use crate::{
    app::App,
    http::response::{error_body::ErrorBody, rejection_body::rejection_body, translation::translate},
    model::Rejection,
};

/// Replaces a response that carries an error as an extension by one with the error's body. Other responses are returned
/// unchanged.
pub(crate) fn write_error_body(app: &App, mut response: Response, correlation_id: &str) -> Response {
    let state = app.state();
    let rejection = response.extensions_mut().remove::<Rejection>();
    let rejected = rejection.map(|rejection| {
        let portal_id = state.account.stored.portal_id;
        rejection_body(&rejection, portal_id, state.switches.conflict_body)
    });
    // The router answers an unknown method by itself, without a body.
    let no_such_method = (response.status() == StatusCode::METHOD_NOT_ALLOWED)
        .then(|| ErrorBody::new(StatusCode::METHOD_NOT_ALLOWED, "HTTP 405 Method Not Allowed"));
    let error = rejected.or_else(|| response.extensions_mut().remove::<ErrorBody>());
    let Some(mut error) = error.or(no_such_method) else {
        return response;
    };
    translate(&mut error.json, state.switches.message_language);
    let mut written = error.into_response_with(correlation_id);
    // Routes and middleware set these on the response that is replaced.
    for name in [header::RETRY_AFTER, header::ALLOW] {
        if let Some(value) = response.headers_mut().remove(&name) {
            written.headers_mut().insert(name, value);
        }
    }
    written
}

/// Writes the bodies of errors of the sandbox's own controls, which do not go through the pipeline.
pub(crate) async fn finish_admin_response(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    write_error_body(&app, response, &Uuid::new_v4().to_string())
}

/// Adds the headers of the call, and those that every response has.
pub(crate) fn add_headers(mut response: Response, headers: HeaderMap, correlation_id: &str) -> Response {
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
    // Shows even in a trace of headers alone that this is not HubSpot.
    response
        .headers_mut()
        .insert(header::SERVER, HeaderValue::from_static("hubspot-sandbox"));
    response
}
