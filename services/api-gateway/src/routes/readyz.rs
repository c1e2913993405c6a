//! `GET /readyz`: whether changes can be taken, with each dependency.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};

use super::Gateway;

pub(super) async fn readyz(State(gateway): State<Gateway>) -> Response {
    let report = gateway.readiness.report(&gateway.users).await;
    let status = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(report)).into_response()
}
