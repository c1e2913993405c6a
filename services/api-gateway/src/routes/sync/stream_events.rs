//! `GET /sync/events`: a stream of server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response, Sse};
use futures_util::{StreamExt, stream};

use crate::events::EventId;
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

/// The last event that the caller saw. An id that is not the gateway's counts as none.
///
/// The header wins: a browser that reconnects by itself sends it together with the query of its first request, which is older.
fn last_event_id(headers: &HeaderMap, last: Option<&str>) -> Option<EventId> {
    if let Some(last) = headers.get(LAST_EVENT_ID) {
        return last.to_str().ok()?.parse().ok();
    }
    last?.parse().ok()
}
