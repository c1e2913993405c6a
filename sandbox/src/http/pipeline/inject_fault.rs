//! Injects a fault into a call: an error, a delay, a cut connection, a late effect.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    response::Response,
};

use super::{
    IncomingCall,
    change_values::{hide_property, keep_other_values},
    pause,
    reject_input::reject_input,
};
use crate::{
    app::App,
    faults::{Action, BodyKind, CutPoint, Effect, Fault, KnownError},
    http::{connection::Connection, endpoints::batches::empty_success, response::known_errors},
};

/// A response that is still to be sent, and where the connection is cut while it is sent.
pub(crate) struct PendingResponse {
    pub(crate) response: Response,
    pub(crate) cut: Option<Cut>,
}

impl From<Response> for PendingResponse {
    fn from(response: Response) -> Self {
        Self { response, cut: None }
    }
}

/// Where the connection is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    BeforeResponse,
    MidResponse,
}

impl Cut {
    /// Sends the part of the response that leaves before the cut.
    pub(crate) async fn apply(self, connection: &Connection, response: Response) -> Response {
        match self {
            Self::BeforeResponse => {
                connection.cut();
                response
            }
            Self::MidResponse => cut_midway(connection, response).await,
        }
    }

    fn of(self, response: Response) -> PendingResponse {
        PendingResponse {
            response,
            cut: Some(self),
        }
    }
}

/// Does to a call what a fault says.
pub(crate) async fn inject_fault(app: &Arc<App>, fault: &Fault, incoming: IncomingCall) -> PendingResponse {
    match &fault.action {
        Action::Answer {
            error,
            body,
            retry_after,
            effect,
        } => {
            apply_effect(app, incoming, *effect).await;
            error_response(app, *error, *body, *retry_after).into()
        }
        Action::Delay { ms } => {
            pause(app, Duration::from_millis(*ms)).await;
            incoming.run().await.into()
        }
        Action::Cut {
            at: CutPoint::BeforeEffect,
        } => Cut::BeforeResponse.of(Response::new(Body::empty())),
        Action::Cut {
            at: CutPoint::AfterEffect,
        } => Cut::BeforeResponse.of(incoming.run().await),
        Action::Cut {
            at: CutPoint::MidAnswer,
        } => Cut::MidResponse.of(incoming.run().await),
        Action::Hang { ms, effect } => {
            apply_effect(app, incoming, *effect).await;
            pause(app, Duration::from_millis(*ms)).await;
            error_response(app, KnownError::Server(524), None, None).into()
        }
        Action::RejectInput { code } => reject_input(incoming, &fault.on, code).await.into(),
        Action::Keep { form } => keep_other_values(incoming, &fault.on, *form).await.into(),
        Action::Hide { property } => hide_property(incoming, property).await.into(),
        Action::EmptySuccess => empty_success(app).into(),
        Action::OddSuccess { body, effect } => {
            apply_effect(app, incoming, *effect).await;
            known_errors::odd_success(*body).into()
        }
    }
}

fn error_response(
    app: &App,
    error: KnownError,
    body: Option<BodyKind>,
    retry_after: Option<u64>,
) -> Response {
    let portal_id = app.state().account.stored.portal_id;
    known_errors::error_response(error, body, retry_after, portal_id)
}

/// Lets the call take effect now, later or not at all. If the sandbox shuts down, a late effect happens at once.
async fn apply_effect(app: &Arc<App>, incoming: IncomingCall, effect: Effect) {
    match effect {
        Effect::None => {}
        Effect::AfterMs(0) => {
            incoming.run().await;
        }
        Effect::AfterMs(ms) => {
            let app = Arc::clone(app);
            let tasks = app.tasks.clone();
            tasks.spawn(async move {
                pause(&app, Duration::from_millis(ms)).await;
                incoming.run().await;
            });
        }
    }
}

/// Cuts the connection in the middle of the body: after the headers set so far, an estimate of those that the server
/// adds, and half of the body.
async fn cut_midway(connection: &Connection, response: Response) -> Response {
    const SERVER_HEADERS_BYTES: usize = 80;
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let headers: usize = parts
        .headers
        .iter()
        // Each header line also has a colon, a blank and a line break of two bytes.
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    connection.cut_after(headers + SERVER_HEADERS_BYTES + bytes.len() / 2);
    Response::from_parts(parts, Body::from(bytes))
}
