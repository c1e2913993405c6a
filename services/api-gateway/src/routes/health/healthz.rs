//! `GET /healthz`: the process is running, whatever it can reach.

use axum::Json;
use serde_json::{Value, json};

pub(in crate::routes) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}
