//! The way every call of HubSpot's API takes: latency, token, limits, faults, the route, the log.

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

use super::{
    call::{Caller, facts, logged},
    error_body::ErrorBody,
    fault_body::html_error,
    finish::{with_body, with_headers},
    strike::{Struck, strike},
    unique_lock::UniqueLock,
};
use crate::{
    app::App,
    connection::Connection,
    faults::{CallFacts, NumberedFault},
};

/// Larger bodies are refused.
pub(crate) const LARGEST_BODY_BYTES: usize = 10 * 1024 * 1024;
/// Even larger ones are not read to their end.
const MOST_READ_BYTES: usize = 10 * LARGEST_BODY_BYTES;
/// Longer addresses are refused by what stands before HubSpot.
const LONGEST_ADDRESS: usize = 16_200;

/// A call that has been read, and the way on to its route.
pub(crate) struct Incoming {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
    pub(crate) next: Next,
}

impl Incoming {
    /// Lets the call take effect.
    pub(crate) async fn run(self) -> Response {
        self.next
            .run(Request::from_parts(self.parts, Body::from(self.body)))
            .await
    }
}

/// Takes a call through the gate. What has begun goes on when the caller leaves, as it does at HubSpot.
pub(crate) async fn pass(
    State(app): State<Arc<App>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Some(body) = read(body).await else {
        let too_large = ErrorBody::new(StatusCode::PAYLOAD_TOO_LARGE, "HTTP 413 Request Entity Too Large");
        return with_body(&app, too_large.into_response(), &Uuid::new_v4().to_string());
    };
    let incoming = Incoming { parts, body, next };
    let tasks = app.tasks.clone();
    let finished = tasks.spawn(carry_out(app, connection, incoming)).await;
    finished.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// A body, unless it is too large. One that is too large is read to its end, for many callers listen only then.
async fn read(body: Body) -> Option<Bytes> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut length) = (BytesMut::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        length += chunk.len();
        if length <= LARGEST_BODY_BYTES {
            kept.extend_from_slice(&chunk);
        } else if length > MOST_READ_BYTES {
            return None;
        }
    }
    (length <= LARGEST_BODY_BYTES).then(|| kept.freeze())
}

async fn carry_out(app: Arc<App>, connection: Connection, incoming: Incoming) -> Response {
    let (came_at, started) = (app.clock.now(), Instant::now());
    let latency = latency(&app);
    pause(&app, latency / 2).await;
    let visit = Visit::begin(&app, &incoming);
    let outcome = visit.go(incoming, latency / 2).await;
    let (response, cut) = outcome.struck.into_parts();
    let response = with_body(&app, response, &visit.correlation_id);
    let response = with_headers(response, outcome.headers, &visit.correlation_id);
    let mut call = logged(visit.facts, visit.number, came_at, started.elapsed());
    call.fault = outcome.fault;
    call.status = cut.is_none().then(|| response.status().as_u16());
    app.state().calls.push(call);
    match cut {
        None => response,
        Some(cut) => cut.apply(&connection, response).await,
    }
}

/// One call on its way through the gate.
struct Visit<'a> {
    app: &'a Arc<App>,
    number: u64,
    correlation_id: String,
    facts: CallFacts,
}

/// What became of a call, but for what every answer gets.
struct VisitOutcome {
    struck: Struck,
    headers: HeaderMap,
    fault: Option<u64>,
}

impl<'a> Visit<'a> {
    fn begin(app: &'a Arc<App>, incoming: &Incoming) -> Self {
        let mut state = app.state();
        let facts = facts(
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

    async fn go(&self, mut incoming: Incoming, way_back: Duration) -> VisitOutcome {
        if incoming.parts.uri.to_string().len() > LONGEST_ADDRESS {
            return VisitOutcome {
                struck: Struck::Answer(html_error(StatusCode::URI_TOO_LONG)),
                headers: HeaderMap::new(),
                fault: None,
            };
        }
        let checked = {
            let Parts {
                method, uri, headers, ..
            } = &incoming.parts;
            self.app
                .state()
                .check(method, uri.path(), headers, self.app.clock.now())
        };
        let admitted = match checked {
            Ok(admitted) => admitted,
            Err(turned_away) => {
                pause(self.app, way_back).await;
                let struck = Struck::Answer(turned_away.body.into_response());
                return VisitOutcome {
                    struck,
                    headers: turned_away.headers,
                    fault: None,
                };
            }
        };
        let caller = Caller {
            who: admitted.who,
            number: self.number,
        };
        incoming.parts.extensions.insert(caller);
        let fault = fault_for(self.app, &self.facts);
        let struck = match &fault {
            None => Struck::Answer(self.answer(incoming, way_back).await),
            Some(fault) => {
                let struck = strike(self.app, &fault.fault.action, incoming).await;
                pause(self.app, way_back).await;
                struck
            }
        };
        VisitOutcome {
            struck,
            headers: admitted.headers,
            fault: fault.map(|fault| fault.id),
        }
    }

    /// Lets the call take effect. Its unique values stay locked until its answer leaves.
    async fn answer(&self, incoming: Incoming, way_back: Duration) -> Response {
        let answer = match UniqueLock::acquire(self.app, &self.facts) {
            Ok(lock) => {
                let response = incoming.run().await;
                pause(self.app, way_back).await;
                drop(lock);
                return response;
            }
            Err(locked) => locked.into_response(),
        };
        pause(self.app, way_back).await;
        answer
    }
}

fn latency(app: &App) -> Duration {
    let mut state = app.state();
    let jitter = match state.switches.latency_jitter_ms {
        0 => 0,
        most => state.random.random_range(0..=most),
    };
    Duration::from_millis(state.switches.latency_ms.saturating_add(jitter))
}

/// Waits, but not longer than the sandbox runs.
pub(crate) async fn pause(app: &App, duration: Duration) {
    if duration.is_zero() {
        return;
    }
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        () = app.shutdown.cancelled() => {}
    }
}

fn fault_for(app: &App, facts: &CallFacts) -> Option<NumberedFault> {
    let state = &mut *app.state();
    let random = &mut state.random;
    state.faults.strike(facts, || random.random::<f64>())
}
