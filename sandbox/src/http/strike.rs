//! Does to a call what a fault says.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    response::Response,
};

use super::{
    batches::empty_success,
    fault_body,
    gate::{Incoming, pause},
};
use crate::{
    app::App,
    connection::Connection,
    faults::{Action, BodyKind, CutPoint, Effect, KnownError},
};

/// What is left of a call after a fault.
pub(crate) enum Struck {
    Answer(Response),
    Cut(Response, Cut),
}

/// Where the answer ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    AtOnce,
    Midway,
}

impl Struck {
    pub(crate) fn into_parts(self) -> (Response, Option<Cut>) {
        match self {
            Self::Answer(response) => (response, None),
            Self::Cut(response, cut) => (response, Some(cut)),
        }
    }
}

impl Cut {
    /// Sends as much of the answer as the cut lets through.
    pub(crate) async fn apply(self, connection: &Connection, response: Response) -> Response {
        match self {
            Self::AtOnce => {
                connection.cut();
                response
            }
            Self::Midway => cut_midway(connection, response).await,
        }
    }
}

/// Strikes a call.
pub(crate) async fn strike(app: &Arc<App>, action: &Action, incoming: Incoming) -> Struck {
    match action {
        Action::Answer {
            error,
            body,
            retry_after,
            effect,
        } => {
            take_effect(app, incoming, *effect).await;
            Struck::Answer(error_answer(app, *error, *body, *retry_after))
        }
        Action::Delay { ms } => {
            pause(app, Duration::from_millis(*ms)).await;
            Struck::Answer(incoming.run().await)
        }
        Action::Cut {
            at: CutPoint::BeforeEffect,
        } => Struck::Cut(Response::new(Body::empty()), Cut::AtOnce),
        Action::Cut {
            at: CutPoint::AfterEffect,
        } => Struck::Cut(incoming.run().await, Cut::AtOnce),
        Action::Cut {
            at: CutPoint::MidAnswer,
        } => Struck::Cut(incoming.run().await, Cut::Midway),
        Action::Hang { ms, effect } => {
            take_effect(app, incoming, *effect).await;
            pause(app, Duration::from_millis(*ms)).await;
            Struck::Answer(error_answer(app, KnownError::Server(524), None, None))
        }
        Action::EmptySuccess => Struck::Answer(empty_success(app)),
        Action::OddSuccess { body, effect } => {
            take_effect(app, incoming, *effect).await;
            Struck::Answer(fault_body::odd_success(*body))
        }
    }
}

fn error_answer(app: &App, error: KnownError, body: Option<BodyKind>, retry_after: Option<u64>) -> Response {
    let portal_id = app.state().account.stored.portal_id;
    fault_body::answer(error, body, retry_after, portal_id)
}

/// Lets the call take effect now, later or not at all. What is due later happens early if the sandbox ends first.
async fn take_effect(app: &Arc<App>, incoming: Incoming, effect: Effect) {
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

/// Half of the body goes out: the head as far as it is known here, what the server adds to it, and the half.
async fn cut_midway(connection: &Connection, response: Response) -> Response {
    const ADDED_BY_SERVER: usize = 80;
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let head: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    connection.cut_after(head + ADDED_BY_SERVER + bytes.len() / 2);
    Response::from_parts(parts, Body::from(bytes))
}
