//! Plays the gateway: what it answers is decided by the test, what it was asked is kept.

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

use super::typed::{Running, Typed};
use crate::stack::CEILING;

/// What the gateway does with a request.
pub(super) enum Reply {
    /// Answers.
    Page(Value),
    /// Answers that problem, 503, to be asked again after so many seconds.
    Not(&'static str, u64),
    /// Answers that problem with that status.
    Never(&'static str, u16),
    /// Begins to answer, and is gone.
    BreakOff,
    /// Says nothing.
    Silence,
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) at: Instant,
}

/// The scripted gateway.
pub(super) struct Scripted {
    pub(super) url: String,
    played: Arc<Played>,
}

struct Played {
    script: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
}

impl Scripted {
    /// Answers the first request with the first reply, and so on; there must be one for each.
    pub(super) async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let played = Arc::new(Played {
            script: Mutex::new(script.into_iter().collect()),
            asked: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(play).with_state(Arc::clone(&played));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, played }
    }

    /// What it was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.played.asked.lock().unwrap().clone()
    }

    pub(super) async fn wait_until_asked(&self, times: usize) {
        until("requests at the gateway", CEILING, async || {
            let count = self.asked().len();
            if count >= times { Ok(()) } else { Err(count) }
        })
        .await;
    }

    /// A command that asks this gateway.
    pub(super) async fn command(&self, arguments: &[&str]) -> Typed {
        self.begin(arguments).ended().await
    }

    /// A command that asks this gateway, while it runs.
    pub(super) fn begin(&self, arguments: &[&str]) -> Running {
        Running::start(arguments, &[("HUBSYNC_URL", &self.url)])
    }
}

async fn play(State(played): State<Arc<Played>>, method: Method, uri: Uri, body: Bytes) -> Response<Body> {
    played.asked.lock().unwrap().push(Asked {
        path: format!("{method} {uri}"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        at: Instant::now(),
    });
    let reply = played.script.lock().unwrap().pop_front();
    match reply.expect("the script has an answer to each request") {
        Reply::Page(page) => Response::new(page.to_string().into()),
        Reply::Not(slug, seconds) => {
            let mut response = problem(slug, 503);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            response
        }
        Reply::Never(slug, status) => problem(slug, status),
        Reply::BreakOff => {
            let broken = Err::<Bytes, _>(std::io::Error::other("gone"));
            Response::new(Body::from_stream(stream::iter([broken])))
        }
        Reply::Silence => pending().await,
    }
}

fn problem(slug: &str, status: u16) -> Response<Body> {
    let problem = json!({
        "type": format!("urn:hubsync:problem:{slug}"), "title": slug, "status": status, "detail": format!("it is {slug}")
    });
    let response = Response::builder().status(status);
    response.body(problem.to_string().into()).unwrap()
}
