//! The way every call of HubSpot's API takes: latency, token, limits, faults, the route, the log.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use rand::RngExt;
use uuid::Uuid;

use super::{
    call::{Caller, facts, logged},
    error_body::ErrorBody,
    refusal_body::body_of,
    strike::{Struck, strike},
    unique_lock::UniqueLock,
};
use crate::{
    app::App,
    connection::Connection,
    faults::{CallFacts, NumberedFault},
    model::Refusal,
};

/// Larger bodies are not read.
pub(crate) const LARGEST_BODY_BYTES: usize = 10 * 1024 * 1024;

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
    let Ok(body) = to_bytes(body, LARGEST_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let incoming = Incoming { parts, body, next };
    let tasks = app.tasks.clone();
    let finished = tasks.spawn(carry_out(app, connection, incoming)).await;
    finished.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
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
                let struck = Struck::Answer(turned_away.body.correlated(&self.correlation_id));
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
                let struck = strike(self.app, &fault.fault.action, incoming, &self.correlation_id).await;
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
            Err(locked) => locked.correlated(&self.correlation_id),
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

fn with_body(app: &App, mut response: Response, correlation_id: &str) -> Response {
    let (portal_id, conflict_body) = {
        let state = app.state();
        (state.account.stored.portal_id, state.switches.conflict_body)
    };
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        return body_of(&refusal, portal_id, conflict_body).correlated(correlation_id);
    }
    if let Some(error) = response.extensions_mut().remove::<ErrorBody>() {
        return error.correlated(correlation_id);
    }
    match response.status() {
        // The router's own answer to a path that has no such method.
        StatusCode::METHOD_NOT_ALLOWED => {
            ErrorBody::new(StatusCode::METHOD_NOT_ALLOWED, "HTTP 405 Method Not Allowed")
                .correlated(correlation_id)
        }
        _ => response,
    }
}

fn with_headers(mut response: Response, headers: HeaderMap, correlation_id: &str) -> Response {
    response.headers_mut().extend(headers);
    if response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/json")
    {
        let with_charset = HeaderValue::from_static("application/json;charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, with_charset);
    }
    if let Ok(value) = HeaderValue::from_str(correlation_id) {
        response.headers_mut().insert("x-hubspot-correlation-id", value);
    }
    // A client that follows nothing but this header would still learn that it is not talking to HubSpot.
    response
        .headers_mut()
        .insert(header::SERVER, HeaderValue::from_static("hubspot-sandbox"));
    response
}
