//! Every path of the gateway, in one table. Each operation has a file of its own, which decodes the request, calls the user
//! service and encodes the response.

mod health;
mod pages;
mod sync;
mod users;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use runtime::{Metrics, Shutdown};
use tower_http::catch_panic::CatchPanicLayer;

use crate::events::{DeliveryMonitor, EventHub, ResolutionWaiters};
use crate::import::ImportSlots;
use crate::readiness::Readiness;
use crate::request::{AllowedHosts, reject_other_sites};
use crate::response::{ApiError, ResponseCompletion, complete_response};
use crate::user_service::UserService;

/// What all handlers share.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    /// Sends requests to the user service.
    pub(crate) users: UserService,
    /// Makes the report of `/readyz`.
    pub(crate) readiness: Arc<Readiness>,
    /// Knows the status of delivery to HubSpot.
    pub(crate) delivery: DeliveryMonitor,
    /// Wakes callers that wait for HubSpot's result.
    pub(crate) resolutions: ResolutionWaiters,
    /// Makes the events that browsers watch.
    pub(crate) events: EventHub,
    /// Limits the imports that run.
    pub(crate) imports: ImportSlots,
    /// Ends imports and event streams when the gateway stops.
    pub(crate) shutdown: Shutdown,
    /// How long a body may take, or the next part of a long one.
    pub(crate) read_timeout: Duration,
    /// How long an import waits for the user service or its caller.
    pub(crate) import_wait: Duration,
}

/// The routes, inside the layers that complete every response.
pub(crate) fn router(gateway: Gateway, hosts: &AllowedHosts, metrics: &Metrics) -> Router {
    let routes = Router::new()
        .route("/users/{userId}", get(users::get_user).patch(users::update_user))
        // A user may have the id "import", so the path supports the methods of a user as well.
        .route(
            "/users/import",
            get(users::get_user)
                .patch(users::update_user)
                .post(users::import_users),
        )
        .route("/users/{userId}/sync", get(users::get_receipt))
        .route(
            "/users/{userId}/contact",
            put(users::link_user).delete(users::unlink_user),
        )
        .route("/sync", get(sync::list_users))
        .route("/sync/summary", get(sync::summarize_users))
        .route("/sync/events", get(sync::stream_events))
        .route("/sync/retry", post(sync::retry_users))
        .route("/sync/resync", post(sync::resync_users))
        .route("/sync/drift", post(sync::find_drift))
        .route("/sync/dry-run", post(sync::dry_run))
        .route(
            "/sync/pause",
            get(sync::read_pause)
                .put(sync::pause_delivery)
                .delete(sync::resume_delivery),
        )
        .route("/", get(pages::console_page))
        .route("/console/{file}", get(pages::console_file))
        .route("/docs", get(pages::docs_page))
        .route("/docs/docs.css", get(pages::docs_style))
        .route("/openapi.json", get(pages::openapi_document))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(async || ApiError::NoSuchPath)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed);
    let routes = routes.with_state(gateway).merge(metrics.router());
    let hosts = Arc::new(hosts.clone());
    complete(
        routes.layer(from_fn_with_state(hosts, reject_other_sites)),
        metrics,
    )
}

/// Adds the layers that give each response its request id and each error its document. A panic becomes an error like any
/// other.
fn complete(routes: Router, metrics: &Metrics) -> Router {
    let completion = Arc::new(ResponseCompletion::new(metrics));
    routes
        .layer(CatchPanicLayer::custom(response_to_panic))
        .layer(from_fn_with_state(completion, complete_response))
}

/// The panic itself is on stderr already: its hook has printed it.
fn response_to_panic(_: Box<dyn Any + Send>) -> Response {
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

    async fn panics() -> &'static str {
        panic!("a handler panicked")
    }

    #[tokio::test]
    async fn a_panic_is_answered_with_a_problem_document() {
        let routes = complete(Router::new().route("/", get(panics)), &Metrics::default());
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
