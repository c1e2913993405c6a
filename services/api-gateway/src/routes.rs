//! Every path of the gateway in one place.

mod compare_users;
mod console;
mod docs;
mod get_receipt;
mod get_user;
mod healthz;
mod import_users;
mod link_user;
mod list_users;
mod patch_user;
mod pause;
mod readyz;
mod resync_users;
mod retry_users;
mod stream_events;
mod summarize;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use runtime::{Metrics, Shutdown};
use tower_http::catch_panic::CatchPanicLayer;

use crate::events::Events;
use crate::finish::{Finish, finish};
use crate::hosts::Hosts;
use crate::import::Imports;
use crate::lines::Lines;
use crate::own_site::own_site;
use crate::problem::ApiError;
use crate::readiness::Readiness;
use crate::settlements::Settlements;
use crate::user_service::UserService;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    /// The user service.
    pub(crate) users: UserService,
    /// What `/readyz` says.
    pub(crate) readiness: Arc<Readiness>,
    /// How the line to HubSpot stands.
    pub(crate) lines: Lines,
    /// Who waits for users to be settled.
    pub(crate) settlements: Settlements,
    /// What browsers watch.
    pub(crate) events: Events,
    /// The imports there are.
    pub(crate) imports: Imports,
    /// Ends imports before their end.
    pub(crate) shutdown: Shutdown,
    /// How long a body may take, or the next part of a long one.
    pub(crate) read_timeout: Duration,
    /// How long an import waits for others.
    pub(crate) import_patience: Duration,
}

/// The routes, inside the layers that make every answer whole.
pub(crate) fn router(gateway: Gateway, hosts: &Hosts, metrics: &Metrics) -> Router {
    let routes = Router::new()
        .route(
            "/users/{userId}",
            get(get_user::get_user).patch(patch_user::patch_user),
        )
        // A user may have that id, too.
        .route(
            "/users/import",
            get(get_user::get_user)
                .patch(patch_user::patch_user)
                .post(import_users::import_users),
        )
        .route("/users/{userId}/sync", get(get_receipt::get_receipt))
        .route(
            "/users/{userId}/contact",
            put(link_user::link_user).delete(link_user::unlink_user),
        )
        .route("/sync", get(list_users::list_users))
        .route("/sync/summary", get(summarize::summarize))
        .route("/sync/events", get(stream_events::stream_events))
        .route("/sync/retry", post(retry_users::retry_users))
        .route("/sync/resync", post(resync_users::resync_users))
        .route("/sync/drift", post(compare_users::drift))
        .route("/sync/dry-run", post(compare_users::dry_run))
        .route(
            "/sync/pause",
            get(pause::look).put(pause::pause).delete(pause::resume),
        )
        .route("/", get(console::page))
        .route("/console/{file}", get(console::file))
        .route("/docs", get(docs::page))
        .route("/docs/docs.css", get(docs::style))
        .route("/openapi.json", get(docs::document))
        .route("/healthz", get(healthz::healthz))
        .route("/readyz", get(readyz::readyz))
        .fallback(async || ApiError::NoSuchPath)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed);
    let routes = routes.with_state(gateway).merge(metrics.router());
    let hosts = Arc::new(hosts.clone());
    finished(routes.layer(from_fn_with_state(hosts, own_site)), metrics)
}

/// Every answer gets its id, every error its document, and a panic is an error like any other.
fn finished(routes: Router, metrics: &Metrics) -> Router {
    routes
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::new(Finish::new(metrics)), finish))
}

/// The panic itself is on stderr already, by its hook.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError::Internal {
        cause: "a handler panicked".to_owned(),
    }
    .into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn breaks() -> &'static str {
        panic!("a handler broke")
    }

    #[tokio::test]
    async fn a_panic_is_answered_with_a_problem_document() {
        let routes = finished(Router::new().route("/", get(breaks)), &Metrics::default());
        let response = routes
            .oneshot(Request::new(Body::empty()))
            .await
            .expect("a router cannot fail");
        assert_eq!(response.status(), 500);
        assert!(response.headers().contains_key("x-request-id"));
        let body = to_bytes(response.into_body(), 4096)
            .await
            .expect("a body in memory");
        let document: serde_json::Value = serde_json::from_slice(&body).expect("the document is JSON");
        assert_eq!(document["type"], "urn:hubsync:problem:internal");
    }
}
