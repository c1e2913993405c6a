//! `GET /healthz`: the process is running. Dependencies are not checked.

use crate::openapi::{Describe, Media};
use aide::transform::TransformOperation;
use axum::Json;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// The process is running.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::routes) struct Alive {
    /// Always `alive`.
    #[schemars(extend("const" = "alive"))]
    status: &'static str,
}

pub(in crate::routes) async fn healthz() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_healthz(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe(
            "healthz",
            "Operation",
            "Check that the process is running",
            "It does not check the services that the gateway needs.",
        )
        .responds(
            200,
            "The process is running.",
            &[],
            "application/json",
            Media::of::<Alive>().example(json!({ "status": "alive" })),
        )
}
