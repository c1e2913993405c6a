//! Every path of the gateway, in one table. Each operation has a file of its own, which decodes the request, calls the user
//! service and encodes the response.

mod health;
mod pages;
mod sync;
mod users;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use aide::axum::ApiRouter;
use aide::axum::routing::{ApiMethodDocs, ApiMethodRouter, get_with, post_with, put_with};
use aide::openapi::Operation;
use aide::transform::TransformOperation;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use runtime::{Metrics, Shutdown};
use tower_http::catch_panic::CatchPanicLayer;

use crate::events::{DeliveryMonitor, EventHub, ResolutionWaiters};
use crate::import::ImportSlots;
use crate::openapi::{ApiDocument, ApiDocumentBuilder, Describe, Media};
use crate::readiness::Readiness;
use crate::request::{AllowedHosts, reject_other_sites};
use crate::response::{ApiError, ResponseCompletion, complete_response};
use crate::services::Services;

/// What all handlers share.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    /// Sends requests to the user service and the hubspot service.
    pub(crate) services: Services,
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
    let document = ApiDocument::new(|fields| ApiDocumentBuilder::begin().finish(described_routes(), fields));
    // Only the document needs the schemas of all types.
    aide::generate::extract_schemas(false);
    let routes = Router::from(described_routes())
        // Files that pages load are not part of the API.
        .route("/console/{file}", get(pages::console_file))
        .route("/docs/docs.css", get(pages::docs_style))
        .fallback(async || ApiError::NoSuchPath)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(Extension(Arc::new(document)));
    let routes = routes.with_state(gateway).merge(metrics.router());
    let hosts = Arc::new(hosts.clone());
    complete(
        routes.layer(from_fn_with_state(hosts, reject_other_sites)),
        metrics,
    )
}

/// Every operation of the API, with its description for the document.
fn described_routes() -> ApiRouter<Gateway> {
    ApiRouter::new()
        .api_route(
            "/users/{userId}",
            get_with(users::get_user, users::describe_get_user)
                .patch_with(users::update_user, users::describe_update_user),
        )
        .api_route(
            "/users/import",
            // A user may have the id "import", so the path has the methods of a user as well. They are described above.
            ApiMethodRouter::from(get(users::get_user).patch(users::update_user))
                .post_with(users::import_users, users::describe_import_users),
        )
        .api_route(
            "/users/{userId}/sync",
            get_with(users::get_receipt, users::describe_get_receipt),
        )
        .api_route(
            "/users/{userId}/contact",
            put_with(users::link_user, users::describe_link_user)
                .delete_with(users::unlink_user, users::describe_unlink_user),
        )
        .api_route(
            "/fields",
            get_with(users::list_fields, users::describe_list_fields),
        )
        .api_route("/sync", get_with(sync::list_users, sync::describe_list_users))
        .api_route(
            "/sync/summary",
            get_with(sync::summarize_users, sync::describe_summarize_users),
        )
        .api_route(
            "/sync/events",
            get_with(sync::stream_events, sync::describe_stream_events),
        )
        .api_route(
            "/sync/retry",
            post_with(sync::retry_users, sync::describe_retry_users),
        )
        .api_route(
            "/sync/resync",
            post_with(sync::resync_users, sync::describe_resync_users),
        )
        .api_route(
            "/sync/drift",
            post_with(sync::find_drift, sync::describe_find_drift),
        )
        .api_route("/sync/dry-run", post_with(sync::dry_run, sync::describe_dry_run))
        .api_route(
            "/sync/pause",
            get_with(sync::read_pause, sync::describe_read_pause)
                .put_with(sync::pause_delivery, sync::describe_pause_delivery)
                .delete_with(sync::resume_delivery, sync::describe_resume_delivery),
        )
        .api_route("/healthz", get_with(health::healthz, health::describe_healthz))
        .api_route("/readyz", get_with(health::readyz, health::describe_readyz))
        // The route itself comes with the metrics.
        .api_route_docs("/metrics", get_docs(describe_metrics))
        .api_route("/", get_with(pages::console_page, pages::describe_console_page))
        .api_route("/docs", get_with(pages::docs_page, pages::describe_docs_page))
        .api_route(
            "/openapi.json",
            get_with(pages::openapi_document, pages::describe_openapi_document),
        )
}

/// The documentation of a GET whose handler is elsewhere.
fn get_docs(describe: impl FnOnce(TransformOperation<'_>) -> TransformOperation<'_>) -> ApiMethodDocs {
    let mut operation = Operation::default();
    let _ = describe(TransformOperation::new(&mut operation));
    ApiMethodDocs::new("get", operation)
}

/// Describes the operation of the metrics for the API document.
fn describe_metrics(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe(
            "metrics",
            "Operation",
            "Read the metrics",
            "Counters and gauges in the OpenMetrics text format.",
        )
        .responds(
            200,
            "The metrics as they are now.",
            &[],
            "application/openmetrics-text",
            Media::text().example(
                "# TYPE hubsync_http_requests counter\nhubsync_http_requests_total{method=\"PATCH\",path=\"/users/{userId}\",\
                 status=\"200\"} 2\n# EOF\n",
            ),
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
