//! The connection that a service uses.

use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, HeaderMap, Message};
use bytes::Bytes;
use tokio::sync::watch;

use super::clocks::Clocks;
use super::replies::Replies;
use super::request::{self, RequestError};
use super::state::{NatsState, Violation};

/// The time-out of JetStream requests. A cluster without a leader never answers a request, so the caller has to send it again,
/// and a long wait would not help. A healthy cluster answers in milliseconds.
const JETSTREAM_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection to NATS. Clones share it.
#[derive(Debug, Clone)]
pub struct Nats {
    client: Client,
    state: watch::Receiver<NatsState>,
    replies: Arc<Replies>,
    clocks: Arc<Clocks>,
}

pub(super) fn new(client: Client, state: watch::Receiver<NatsState>, replies: Replies) -> Nats {
    Nats {
        client,
        state,
        replies: Arc::new(replies),
        clocks: Arc::default(),
    }
}

impl Nats {
    /// The library's client, for subscriptions, the services framework and publishing.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The clocks of this connection.
    pub fn clocks(&self) -> &Clocks {
        &self.clocks
    }

    /// `JetStream` over this connection.
    pub fn jetstream(&self) -> jetstream::Context {
        ContextBuilder::new()
            .timeout(JETSTREAM_TIMEOUT)
            .build(self.client.clone())
    }

    /// Whether there is a connection now.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// The state, to be watched.
    pub fn state(&self) -> watch::Receiver<NatsState> {
        self.state.clone()
    }

    /// The number of the current connection; see [`NatsState::epoch`].
    pub fn epoch(&self) -> u64 {
        self.state.borrow().epoch
    }

    /// Waits for a connection newer than `epoch` and returns its number.
    pub async fn wait_for_reconnect(&self, epoch: u64) -> u64 {
        self.wait_for(|state| state.connected && state.epoch > epoch)
            .await
            .epoch
    }

    /// Waits until there is a connection.
    pub async fn wait_until_connected(&self) {
        self.wait_for(|state| state.connected).await;
    }

    /// Waits until the connection is lost.
    pub async fn wait_until_disconnected(&self) {
        self.wait_for(|state| !state.connected).await;
    }

    /// Waits until the server has forbidden something on this connection. Only an event of the connection reports that, and a
    /// forbidden subscription simply gets no messages. So a service waits for this beside its work.
    pub async fn wait_for_violation(&self) -> Violation {
        self.wait_for_violation_except(&[]).await
    }

    /// Like [`Nats::wait_for_violation`], but ignores subjects that the service does not depend on.
    pub async fn wait_for_violation_except(&self, dispensable: &[&str]) -> Violation {
        let first = |state: &NatsState| {
            let mut violations = state.violations.iter();
            let needed = violations.find(|violation| !dispensable.contains(&violation.subject.as_str()));
            needed.cloned()
        };
        let state = self.wait_for(|state| first(state).is_some()).await;
        first(&state).expect("the state was waited for until it has a violation")
    }

    /// The version of the server, `2.10.0` or newer.
    pub fn server_version(&self) -> String {
        self.client.server_info().version
    }

    /// Sends a request and waits for its answer, both within `limit`. While disconnected it fails at once.
    ///
    /// After [`RequestError::TimedOut`] the request may have been carried out, or may be carried out later.
    pub async fn request(
        &self,
        subject: &str,
        headers: HeaderMap,
        payload: Bytes,
        limit: Duration,
    ) -> Result<Message, RequestError> {
        if !self.is_connected() {
            return Err(RequestError::Disconnected);
        }
        let exchange = request::exchange(
            &self.client,
            &self.replies,
            self.state(),
            subject,
            headers,
            payload,
        );
        match tokio::time::timeout(limit, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(RequestError::TimedOut {
                subject: subject.to_owned(),
                limit,
            }),
        }
    }

    /// How many requests wait for their answer.
    pub fn requests_in_flight(&self) -> usize {
        self.replies.waiting()
    }

    async fn wait_for(&self, condition: impl FnMut(&NatsState) -> bool) -> NatsState {
        let mut state = self.state();
        // Copied at once, because the guard must not be held across an await.
        let seen = state.wait_for(condition).await.map(|state| state.clone());
        match seen {
            Ok(state) => state,
            // The client was dropped, so the state never changes again.
            Err(_) => std::future::pending().await,
        }
    }
}
