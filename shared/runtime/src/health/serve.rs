//! Serves `/healthz` (the process is alive) and `/readyz` (it can do its work, with every check).

use std::io;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;

use super::Registry;
use crate::Shutdown;

/// The two routes.
pub fn router(registry: Registry) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(registry)
}

/// Serves these routes until the shutdown. A service may have added routes of its own.
pub async fn serve(listener: TcpListener, routes: Router, shutdown: Shutdown) -> io::Result<()> {
    axum::serve(listener, routes)
        .with_graceful_shutdown(shutdown.triggered())
        .await
}

async fn healthz() -> impl IntoResponse {
    Json(serde_json::json!({ "status": "alive" }))
}

async fn readyz(State(registry): State<Registry>) -> impl IntoResponse {
    let report = registry.report();
    let status = if report.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(report))
}
