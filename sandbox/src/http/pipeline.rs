//! The steps that every call of HubSpot's API goes through: latency, token, limits, faults, the route, the log.

pub(crate) mod admission;
pub(crate) mod call_facts;
mod change_values;
pub(crate) mod finish_response;
mod inject_fault;
mod reject_input;
mod unique_value_lock;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use rand::RngExt;
use uuid::Uuid;

use self::{
    call_facts::{Caller, call_facts, log_entry},
    finish_response::{add_headers, write_error_body},
    inject_fault::{PendingResponse, inject_fault},
    unique_value_lock::UniqueValueLock,
};
use super::{
    connection::Connection,
    response::{error_body::ErrorBody, known_errors::html_error},
};
use crate::{
    app::App,
    faults::{CallFacts, NumberedFault},
};

/// Larger bodies are rejected with 413.
pub(crate) const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// A body larger than this is not read to its end.
const MAX_READ_BYTES: usize = 10 * MAX_BODY_BYTES;
/// The proxy in front of HubSpot rejects longer addresses with 414.
const MAX_URL_BYTES: usize = 16_200;

/// A call whose body has been read, with the handler of its route.
pub(crate) struct IncomingCall {
    parts: Parts,
    body: Bytes,
    next: Next,
}

impl IncomingCall {
    /// Runs the route's handler, which is when the call takes effect.
    async fn run(self) -> Response {
        self.next
            .run(Request::from_parts(self.parts, Body::from(self.body)))
            .await
    }
}

/// Handles a call of HubSpot's API. Like HubSpot, it finishes a call even if the caller disconnects.
pub(crate) async fn handle_call(
    State(app): State<Arc<App>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Some(body) = read_body(body).await else {
        let too_large = ErrorBody::new(StatusCode::PAYLOAD_TOO_LARGE, "HTTP 413 Request Entity Too Large");
        return write_error_body(&app, too_large.into_response(), &Uuid::new_v4().to_string());
    };
    let incoming = IncomingCall { parts, body, next };
    // The server drops this future when the caller disconnects; a task of its own goes on.
    let tasks = app.tasks.clone();
    let finished = tasks.spawn(run_call(app, connection, incoming)).await;
    finished.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// The body, or none if it is too large. It is read even then, because many clients read a response only after they
/// have sent the whole body.
async fn read_body(body: Body) -> Option<Bytes> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut length) = (BytesMut::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        length += chunk.len();
        if length <= MAX_BODY_BYTES {
            kept.extend_from_slice(&chunk);
        } else if length > MAX_READ_BYTES {
            return None;
        }
    }
    (length <= MAX_BODY_BYTES).then(|| kept.freeze())
}

async fn run_call(app: Arc<App>, connection: Connection, incoming: IncomingCall) -> Response {
    let (received_at, started) = (app.clock.now(), Instant::now());
    // One half of the latency passes before the call takes effect, the other half after it.
    let latency = draw_latency(&app);
    pause(&app, latency / 2).await;
    let call = ApiCall::begin(&app, &incoming);
    let outcome = call.process(incoming, latency / 2).await;
    let PendingResponse { response, cut } = outcome.pending;
    let response = write_error_body(&app, response, &call.correlation_id);
    let response = add_headers(response, outcome.headers, &call.correlation_id);
    // Tests read the log as soon as they have the response, so the entry is written first.
    let mut entry = log_entry(call.facts, call.number, received_at, started.elapsed());
    entry.fault = outcome.fault;
    entry.status = cut.is_none().then(|| response.status().as_u16());
    app.state().calls.push(entry);
    match cut {
        None => response,
        Some(cut) => cut.apply(&connection, response).await,
    }
}

/// One call on its way through the pipeline.
struct ApiCall<'a> {
    app: &'a Arc<App>,
    number: u64,
    correlation_id: String,
    facts: CallFacts,
}

/// The result of a call, before the error body and the common headers are written.
struct CallOutcome {
    pending: PendingResponse,
    headers: HeaderMap,
    fault: Option<u64>,
}

impl<'a> ApiCall<'a> {
    fn begin(app: &'a Arc<App>, incoming: &IncomingCall) -> Self {
        let mut state = app.state();
        let facts = call_facts(
            &incoming.parts.method,
            &incoming.parts.uri,
            &incoming.body,
            &state.account,
        );
        let number = state.calls.next_number();
        let correlation_id = Uuid::new_v4().to_string();
        Self {
            app,
            number,
            correlation_id,
            facts,
        }
    }

    async fn process(&self, mut incoming: IncomingCall, latency_after: Duration) -> CallOutcome {
        // The proxy in front of HubSpot looks at the address before HubSpot looks at the token.
        if incoming.parts.uri.to_string().len() > MAX_URL_BYTES {
            return CallOutcome {
                pending: html_error(StatusCode::URI_TOO_LONG).into(),
                headers: HeaderMap::new(),
                fault: None,
            };
        }
        let admission = {
            let now = self.app.clock.now();
            self.app.state().admit(&self.facts, &incoming.parts.headers, now)
        };
        let admitted = match admission {
            Ok(admitted) => admitted,
            Err(denied) => {
                pause(self.app, latency_after).await;
                return CallOutcome {
                    pending: denied.body.into_response().into(),
                    headers: denied.headers,
                    fault: None,
                };
            }
        };
        let caller = Caller {
            author: admitted.author,
            number: self.number,
        };
        incoming.parts.extensions.insert(caller);
        let fault = take_matching_fault(self.app, &self.facts);
        let pending = match &fault {
            None => self.run_route(incoming, latency_after).await.into(),
            Some(fault) => {
                let pending = inject_fault(self.app, &fault.fault, incoming).await;
                pause(self.app, latency_after).await;
                pending
            }
        };
        CallOutcome {
            pending,
            headers: admitted.headers,
            fault: fault.map(|fault| fault.id),
        }
    }

    /// Runs the route's handler. The unique values of the call stay locked until its response leaves.
    async fn run_route(&self, incoming: IncomingCall, latency_after: Duration) -> Response {
        let locked = match UniqueValueLock::acquire(self.app, &self.facts) {
            Ok(lock) => {
                let response = incoming.run().await;
                pause(self.app, latency_after).await;
                drop(lock);
                return response;
            }
            Err(locked) => locked.into_response(),
        };
        pause(self.app, latency_after).await;
        locked
    }
}

fn draw_latency(app: &App) -> Duration {
    let mut state = app.state();
    let jitter = match state.switches.latency_jitter_ms {
        0 => 0,
        max => state.random.random_range(0..=max),
    };
    Duration::from_millis(state.switches.latency_ms.saturating_add(jitter))
}

/// Waits for a time, or until the sandbox shuts down.
async fn pause(app: &App, duration: Duration) {
    if duration.is_zero() {
        return;
    }
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        () = app.shutdown.cancelled() => {}
    }
}

fn take_matching_fault(app: &App, facts: &CallFacts) -> Option<NumberedFault> {
    let state = &mut *app.state();
    let random = &mut state.random;
    state.faults.take_matching(facts, || random.random::<f64>())
}
