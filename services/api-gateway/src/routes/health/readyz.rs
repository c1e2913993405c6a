//! `GET /readyz`: whether changes can be accepted, with the state of each dependency.

use crate::openapi::{Describe, Media};
use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::routes::Gateway;

pub(in crate::routes) async fn readyz(State(gateway): State<Gateway>) -> Response {
    let report = gateway.readiness.report(&gateway.services).await;
    let status = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(CACHE_CONTROL, "no-store")], Json(report)).into_response()
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_readyz(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("readyz", "Operation", "Check whether changes can be accepted",
            "The report has a check for each dependency. The user service is pinged at most once a second. Clocks that differ are reported, but the gateway \
             stays ready.")
        .responds(200, "Changes can be accepted.", &[], "application/json", Media::named("HealthReport").example(json!({
            "name": "api-gateway", "ready": true, "checks": [
                { "name": "nats", "ok": true, "detail": "connected" },
                { "name": "user", "ok": true, "detail": "answers" },
                { "name": "clock", "ok": true, "detail": "the user service's clock is at least 2 ms ahead of the gateway's" }]
        })))
        .responds(503, "Changes cannot be accepted. This is not a problem document.", &[], "application/json",
            Media::named("HealthReport").example(json!({
                "name": "api-gateway", "ready": false, "checks": [
                    { "name": "nats", "ok": false, "detail": "not connected" },
                    { "name": "user", "ok": false, "detail": "not checked, since there is no connection to NATS" },
                    { "name": "clock", "ok": true, "detail": "not compared yet: the user service has not answered a request so far" }]
            })))
}
