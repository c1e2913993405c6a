//! A gateway whose answers the test decides. It records the requests that it receives.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{Method, Response, Uri, header},
};
use futures_util::stream;
use serde_json::{Value, json};
use testing::wait::until;
use tokio::{net::TcpListener, time::Instant};

use super::process::{CommandResult, Running};
use crate::stack::CEILING;

/// What the gateway does with a request.
pub(super) enum Reply {
    /// Answers 200 with this document.
    Answer(Value),
    /// Answers 503 with this problem, and with `Retry-After` in seconds.
    Unavailable(&'static str, u64),
    /// Answers with this problem and status.
    Problem(&'static str, u16),
    /// Sends the head of an answer and closes the connection.
    CloseWhileAnswering,
    /// Keeps the connection open and never answers.
    NoAnswer,
}

/// A request that the gateway has received.
#[derive(Debug, Clone)]
pub(super) struct ReceivedRequest {
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) at: Instant,
}

/// The scripted gateway.
pub(super) struct ScriptedGateway {
    pub(super) url: String,
    played: Arc<Script>,
}

struct Script {
    script: Mutex<VecDeque<Reply>>,
    requests: Mutex<Vec<ReceivedRequest>>,
}

impl ScriptedGateway {
    /// Answers the first request with the first reply, the second with the second, and so on. A request without a reply
    /// fails the test.
    pub(super) async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let played = Arc::new(Script {
            script: Mutex::new(script.into_iter().collect()),
            requests: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(reply_by_script)
            .with_state(Arc::clone(&played));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, played }
    }

    /// All requests so far.
    pub(super) fn requests(&self) -> Vec<ReceivedRequest> {
        self.played.requests.lock().unwrap().clone()
    }

    pub(super) async fn wait_for_requests(&self, times: usize) {
        until("requests at the gateway", CEILING, async || {
            let count = self.requests().len();
            if count >= times { Ok(()) } else { Err(count) }
        })
        .await;
    }

    /// Runs a command against this gateway to its end.
    pub(super) async fn command(&self, arguments: &[&str]) -> CommandResult {
        self.begin(arguments).wait().await
    }

    /// Starts a command against this gateway.
    pub(super) fn begin(&self, arguments: &[&str]) -> Running {
        Running::start(arguments, &[("HUBSYNC_URL", &self.url)])
    }
}

async fn reply_by_script(
    State(played): State<Arc<Script>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response<Body> {
    played.requests.lock().unwrap().push(ReceivedRequest {
        path: format!("{method} {uri}"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        at: Instant::now(),
    });
    let reply = played.script.lock().unwrap().pop_front();
    match reply.expect("the script has an answer to each request") {
        Reply::Answer(page) => Response::new(page.to_string().into()),
        Reply::Unavailable(slug, seconds) => {
            let mut response = problem(slug, 503);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            response
        }
        Reply::Problem(slug, status) => problem(slug, status),
        Reply::CloseWhileAnswering => {
            let broken = Err::<Bytes, _>(std::io::Error::other("gone"));
            Response::new(Body::from_stream(stream::iter([broken])))
        }
        Reply::NoAnswer => pending().await,
    }
}

fn problem(slug: &str, status: u16) -> Response<Body> {
    let problem = json!({
        "type": format!("urn:hubsync:problem:{slug}"), "title": slug, "status": status, "detail": format!("it is {slug}")
    });
    let response = Response::builder().status(status);
    response.body(problem.to_string().into()).unwrap()
}
