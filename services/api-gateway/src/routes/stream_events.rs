//! `GET /sync/events`: what happens, as server-sent events.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::Gateway;
use crate::events::EventId;
use crate::problem::ApiError;
use crate::request::LastQuery;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Reverse proxies that hold answers back let this one through by it.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// A browser that loses the connection is back after a second.
const RECONNECT: &str = "retry: 1000\n\n";

pub(super) async fn stream_events(
    State(gateway): State<Gateway>,
    LastQuery(last): LastQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let watching = gateway
        .events
        .watch(last_event_id(&headers, last.as_deref()))
        .await;
    let watching = watching.ok_or(ApiError::Overloaded)?;
    let shutdown = gateway.shutdown;
    let events = stream::unfold(watching, move |mut watching| {
        let shutdown = shutdown.clone();
        async move {
            let text = shutdown.or(watching.next()).await??;
            Some((text, watching))
        }
    });
    let text = stream::once(async { Bytes::from_static(RECONNECT.as_bytes()) }).chain(events);
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        (ACCEL_BUFFERING, "no"),
    ];
    Ok((headers, Body::from_stream(text.map(Ok::<_, Infallible>))).into_response())
}

/// One that is not ours is as good as none. A browser that goes on by itself repeats the query of its start, so that the
/// header counts.
fn last_event_id(headers: &HeaderMap, last: Option<&str>) -> Option<EventId> {
    if let Some(last) = headers.get(LAST_EVENT_ID) {
        return last.to_str().ok()?.parse().ok();
    }
    last?.parse().ok()
}
