//! `GET /healthz`: the process lives, whatever it can reach.

use axum::Json;
use serde_json::{Value, json};

pub(super) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}
