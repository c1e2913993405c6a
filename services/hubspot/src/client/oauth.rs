//! Access tokens that expire. One task requests each new token before the old one expires, and calls carry the latest.

mod access_tokens;
mod connect;
mod connection;
mod endpoint;
mod lifetime;
mod refresher;
mod token_error;
mod write_back;

use std::{io, sync::Arc, time::Duration};

use reqwest::Client;
use runtime::{settings::Secret, shutdown::drain};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::OAuthApp;
use crate::engine::CallError;
pub use connect::{Connected, Consent, NotConnected, connect};

use access_tokens::AccessTokens;
use connection::Connection;
use endpoint::TokenEndpoint;
use refresher::Refresher;

/// How long a shutdown waits for a token request in flight. Its response may hold a new refresh token that replaces the
/// old one, and without it the app would have to be connected again.
const MAX_DRAIN_TIME: Duration = Duration::from_secs(3);

/// The access tokens of an OAuth app. Dropping it stops the task that requests them.
#[derive(Debug)]
pub(super) struct OAuth {
    shared: Arc<Shared>,
    stop: DropGuard,
    tasks: TaskTracker,
}

/// State that calls and the refreshing task share.
#[derive(Debug)]
struct Shared {
    tokens: watch::Sender<AccessTokens>,
    /// Notified when HubSpot rejects the token in use.
    rejected: Notify,
    /// Notified when there is a token that [`Call::Account`](crate::engine::Call::Account) has to put into use.
    replaced: Notify,
}

impl OAuth {
    /// Reads the secrets and starts the task that requests tokens. It must be called within a Tokio runtime.
    pub(super) fn start(app: OAuthApp, http: Client, url: String) -> io::Result<Self> {
        let connection = Connection::open(app)?;
        let shared = Arc::new(Shared {
            tokens: watch::Sender::new(AccessTokens::default()),
            rejected: Notify::new(),
            replaced: Notify::new(),
        });
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let endpoint = TokenEndpoint::new(http, url);
        let refresher = Refresher::new(endpoint, connection, Arc::clone(&shared), stop.clone());
        tasks.spawn(refresher.run());
        tasks.close();
        Ok(Self {
            shared,
            stop: stop.drop_guard(),
            tasks,
        })
    }

    /// The token that calls carry, or why there is none.
    pub(super) fn in_use(&self) -> Result<Secret, Box<CallError>> {
        self.shared.tokens.borrow().in_use(Instant::now())
    }

    /// Puts the latest token into use. If there is none that can be used, it waits for the request in flight, at most for
    /// `max_wait`.
    pub(super) async fn use_latest(&self, max_wait: Duration) {
        let mut tokens = self.shared.tokens.subscribe();
        let result = tokens.wait_for(|tokens| tokens.has_result(Instant::now()));
        // If the wait ends without a token, `in_use` returns the reason.
        drop(timeout(max_wait, result).await);
        self.shared.tokens.send_modify(AccessTokens::use_latest);
    }

    /// The number of the connection that this token was issued for, and the account if it was named with the token. None if
    /// another token is in use now.
    pub(super) fn origin_of(&self, token: &Secret) -> Option<(u64, Option<String>)> {
        self.shared.tokens.borrow().origin_of(token)
    }

    /// Records that HubSpot rejected this token and requests another one. Nothing happens if another token is in use now,
    /// because the response may belong to a call that started with an older token.
    pub(super) fn mark_rejected(&self, token: &Secret) {
        if self.shared.tokens.send_if_modified(|tokens| tokens.reject(token)) {
            self.shared.rejected.notify_one();
        }
    }

    /// Whether there is a new token that has to be put into use.
    pub(super) fn was_replaced(&self) -> bool {
        self.shared.tokens.borrow().has_next()
    }

    /// Waits for such a token.
    pub(super) async fn wait_until_replaced(&self) {
        loop {
            self.shared.replaced.notified().await;
            // A `Call::Account` that was in flight may have put the token into use since the notification.
            if self.was_replaced() {
                return;
            }
        }
    }

    /// Stops the task. A request in flight is answered and its refresh token kept first.
    pub(super) async fn close(&self) {
        self.stop.token().cancel();
        drain(&self.tasks, MAX_DRAIN_TIME).await;
    }
}
