//! The outermost layer: it gives each request its id, writes the documents of errors, logs failures and counts responses.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{counter::Counter, family::Family};
use runtime::Metrics;
use tokio::time::Instant;

use super::ApiError;
use super::failure_log::FailureLog;
use super::problem_document::write_problem_document;
use crate::request::{REQUEST_ID, read_context, request_id_header};
use crate::server::StallLimit;

/// The state of the layer.
#[derive(Debug)]
pub(crate) struct ResponseCompletion {
    log: FailureLog,
    responses: Family<ResponseLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResponseLabels {
    method: &'static str,
    path: String,
    status: u16,
}

impl ResponseCompletion {
    /// Registers the counter of responses.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let responses = Family::default();
        metrics.register(
            "http_requests",
            "HTTP requests that were answered",
            responses.clone(),
        );
        Self {
            log: FailureLog::default(),
            responses,
        }
    }

    fn count(&self, method: &Method, path: &str, status: StatusCode) {
        let labels = ResponseLabels {
            method: known_method(method),
            path: path.to_owned(),
            status: status.as_u16(),
        };
        self.responses.get_or_create(&labels).inc();
    }
}

/// The method for the metrics. Callers can make up methods, and each of them would become a metric of its own.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// The layer.
pub(crate) async fn complete_response(
    State(completion): State<Arc<ResponseCompletion>>,
    mut request: Request,
    next: Next,
) -> Response {
    let context = read_context(request.headers());
    let started = Instant::now();
    let method = request.method().clone();
    // The pattern of the path, never the path itself: a mistyped one may hold an e-mail address.
    let path = request.extensions().get::<MatchedPath>().cloned();
    let path = path.as_ref().map_or("unknown", MatchedPath::as_str);
    request.extensions_mut().insert(context.clone());
    // An earlier import on the same connection may have changed the limit.
    if let Some(stall_limit) = request.extensions().get::<StallLimit>() {
        stall_limit.reset();
    }

    let mut response = next.run(request).await;

    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        completion.log.write(&error, &context.request_id);
        write_problem_document(&error, &context.request_id, &mut response);
    }
    response
        .headers_mut()
        .insert(REQUEST_ID, request_id_header(&context));
    completion.count(&method, path, response.status());
    tracing::debug!(
        request.id = &*context.request_id,
        traceparent = context.traceparent.as_deref(),
        %method,
        path,
        status = response.status().as_u16(),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "answered a request"
    );
    response
}
