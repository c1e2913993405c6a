//! One request and its answer: deadline, decoding, work, encoding, error headers.

use std::time::{Duration, Instant};

use async_nats::{
    HeaderMap,
    service::{Request, endpoint::Endpoint},
};
use bytes::Bytes;
use contracts::{ErrorCode, ServiceError, headers};
use futures_util::StreamExt;
use runtime::{Shutdown, nats::from_object};
use tokio_util::task::TaskTracker;

use super::Context;
use crate::{time::now_unix_ms, writer::Deadline};

/// How long a request without a deadline is worth working on.
const DEFAULT_TIME_LEFT: Duration = Duration::from_secs(10);

/// Takes requests until the shutdown, then those that had arrived, each worked on by a task of its own. The writer
/// and the reads bound how many there are.
pub(super) async fn listen<Decoded, Answer, Work, Doing>(
    mut endpoint: Endpoint,
    context: Context,
    tasks: TaskTracker,
    shutdown: Shutdown,
    work: Work,
) where
    Decoded: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
    Answer: serde::Serialize + Send + 'static,
    Work: Fn(Context, Decoded, Deadline) -> Doing + Copy + Send + 'static,
    Doing: Future<Output = Result<Answer, ServiceError>> + Send + 'static,
{
    let mut stopping = false;
    loop {
        let request = tokio::select! {
            request = endpoint.next() => request,
            () = shutdown.triggered(), if !stopping => {
                stopping = true;
                if let Err(error) = endpoint.stop().await {
                    tracing::debug!(%error, "an endpoint could not unsubscribe");
                    return;
                }
                continue;
            }
        };
        let Some(request) = request else { return };
        tasks.spawn(exchange(request, context.clone(), work));
    }
}

async fn exchange<Decoded, Answer, Work, Doing>(request: Request, context: Context, work: Work)
where
    Decoded: serde::Serialize + serde::de::DeserializeOwned,
    Answer: serde::Serialize,
    Work: Fn(Context, Decoded, Deadline) -> Doing,
    Doing: Future<Output = Result<Answer, ServiceError>>,
{
    let result = match decode(&request, &context) {
        Ok((decoded, deadline)) => work(context, decoded, deadline).await,
        Err(error) => Err(error),
    };
    let (body, headers) = match result {
        Ok(answer) => (serde_json::to_vec(&answer), HeaderMap::new()),
        Err(error) => (serde_json::to_vec(&error), error_headers(&error)),
    };
    let body = Bytes::from(body.expect("contracts have text keys"));
    respond(&request, body, headers).await;
}

fn decode<Decoded: serde::Serialize + serde::de::DeserializeOwned>(
    request: &Request,
    context: &Context,
) -> Result<(Decoded, Deadline), ServiceError> {
    let deadline = deadline(request.message.headers.as_ref(), context);
    if deadline.has_passed() {
        let message = "the caller's deadline passed before the request was read; nothing was accepted";
        return Err(ServiceError::new(ErrorCode::Expired, message));
    }
    let decoded = from_object(&request.message.payload).map_err(|error| {
        // The words of the parser may quote the body, which may hold personal data.
        let place = format!("line {}, column {}", error.line(), error.column());
        ServiceError::new(
            ErrorCode::InvalidRequest,
            format!("the request does not fit its contract at {place}"),
        )
    })?;
    Ok((decoded, deadline))
}

/// The time that the caller had left when it sent the request, less what the request was under way.
fn deadline(found: Option<&HeaderMap>, context: &Context) -> Deadline {
    let header = |name| Some(found?.get(name)?.as_str());
    let left = header(headers::TIME_LEFT_MS).and_then(|left| left.parse().ok());
    let left = left.map_or(DEFAULT_TIME_LEFT, Duration::from_millis);
    let now = Instant::now();
    let under_way = context.transit.under_way(header(headers::SENT), now);
    let left = left.min(Duration::from_hours(1)).saturating_sub(under_way);
    Deadline { until: now + left }
}

fn error_headers(error: &ServiceError) -> HeaderMap {
    let mut found = HeaderMap::new();
    let code = serde_json::to_value(error.code).ok();
    let code = code.as_ref().and_then(|code| code.as_str()).unwrap_or("internal");
    found.insert(headers::SERVICE_ERROR, code);
    found.insert(headers::SERVICE_ERROR_CODE, error.code.number().to_string());
    found
}

async fn respond(request: &Request, body: Bytes, mut found: HeaderMap) {
    found.insert(headers::NOW_UNIX_MS, now_unix_ms().to_string());
    if let Err(error) = request.respond_with_headers(Ok(body), found).await {
        // The caller sees a time-out and may send the change again.
        tracing::warn!(subject = %request.message.subject, %error, "an answer could not be sent");
    }
}
