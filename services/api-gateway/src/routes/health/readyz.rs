//! `GET /readyz`: whether changes can be accepted, with the state of each dependency.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};

use crate::routes::Gateway;

pub(in crate::routes) async fn readyz(State(gateway): State<Gateway>) -> Response {
    let report = gateway.readiness.report(&gateway.users).await;
    let status = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(report)).into_response()
}
