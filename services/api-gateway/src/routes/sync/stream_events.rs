//! `GET /sync/events`: a stream of server-sent events.

use crate::openapi::{Describe, Media, Problems, add_query_parameters};
use aide::transform::TransformOperation;
use std::convert::Infallible;
use std::time::Duration;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::{FromRequestParts, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response, Sse};
use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::events::{EventId, event_schemas};
use crate::request::QueryParameters;
use crate::response::ApiError;
use crate::routes::Gateway;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells reverse proxies such as nginx not to hold this response back.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// How long a browser waits before it connects again after it lost the connection.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// The `last` parameter: the id of the last event that the caller saw.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::routes) struct LastQuery(Option<String>);

impl OperationInput for LastQuery {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        add_query_parameters(
            operation,
            json!([{
                "name": "last", "in": "query",
                "description": "The same as `Last-Event-ID`, for a browser that opens a new stream and cannot send the header. The header wins.",
                "schema": { "type": "string" }, "example": "0f8e5c1a-41"
            }]),
        );
    }
}

impl<S: Send + Sync> FromRequestParts<S> for LastQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let parameters = QueryParameters::read(&parts.uri, &["last"])?;
        Ok(Self(parameters.get("last").map(str::to_owned)))
    }
}

pub(in crate::routes) async fn stream_events(
    State(gateway): State<Gateway>,
    LastQuery(last): LastQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let last = last_event_id(&headers, last.as_deref());
    let subscription = gateway.events.subscribe(last).await;
    let subscription = subscription.ok_or(ApiError::Overloaded)?;
    let shutdown = gateway.shutdown;
    let events = stream::unfold(subscription, move |mut subscription| {
        let shutdown = shutdown.clone();
        async move {
            // The stream has no end of its own, so it would hold up the shutdown.
            let event = shutdown.or(subscription.next()).await??;
            Some((event, subscription))
        }
    });
    let events = stream::once(async { Event::default().retry(RECONNECT_AFTER) }).chain(events);
    let headers = [(CACHE_CONTROL, "no-store"), (ACCEL_BUFFERING, "no")];
    Ok((headers, Sse::new(events.map(Ok::<_, Infallible>))).into_response())
}

/// Describes the operation for the API document.
pub(in crate::routes) fn describe_stream_events(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .describe("streamEvents", "Delivery", "Watch changes and the status",
            "Server-sent events, for as long as the caller listens. `hello` comes first; `changes` at most five times a second; `status` once a second; \
             `dropped` when the caller did not keep up. `hello` and `changes` have an id from which a later stream can continue. At most 256 callers \
             listen at a time.")
        .headers(&["requestId", "lastEventId"])
        .responds(200, "The events.", &[], "text/event-stream", Media::text().extension("x-events", event_schemas()).example(
            "retry: 1000\n\nid: 0f8e5c1a-41\nevent: hello\ndata: {\"resumed\":false,\"at\":\"2026-01-05T09:30:00.100Z\"}\n\nid: 0f8e5c1a-42\n\
             event: changes\ndata: {\"at\":\"2026-01-05T09:30:00.123Z\",\"accepted\":1,\"resolved\":{},\"users\":[{\"userId\":\"1\",\"version\":7,\
             \"state\":\"pending\"}]}\n\n"))
        .problems(&[Problems::INVALID_PARAMETER, Problems::INTERNAL, Problems::OVERLOADED])
}

/// The last event that the caller saw. An id that is not the gateway's counts as none.
///
/// The header wins: a browser that reconnects by itself sends it together with the query of its first request, which is older.
fn last_event_id(headers: &HeaderMap, last: Option<&str>) -> Option<EventId> {
    if let Some(last) = headers.get(LAST_EVENT_ID) {
        return last.to_str().ok()?.parse().ok();
    }
    last?.parse().ok()
}
