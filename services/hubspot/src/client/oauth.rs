//! Access tokens that expire: one task asks for each ahead of time, whoever is waiting, and calls carry the latest.

mod access_tokens;
mod connect;
mod connection;
mod endpoint;
mod lifetime;
mod refresher;
mod refusal;
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

/// How long the end waits for a refresh that is out: its answer may hold the only refresh token that is good from now
/// on.
const DRAIN: Duration = Duration::from_secs(3);

/// The access tokens of an app. Dropping it ends its task.
#[derive(Debug)]
pub(super) struct OAuth {
    shared: Arc<Shared>,
    stop: DropGuard,
    tasks: TaskTracker,
}

/// What calls and the task that refreshes tell each other.
#[derive(Debug)]
struct Shared {
    tokens: watch::Sender<AccessTokens>,
    /// HubSpot did not accept the token in use.
    rejected: Notify,
    /// There is a token for which the account is to be asked first.
    replaced: Notify,
}

impl OAuth {
    /// Reads the secrets and asks for the first token in the background. Must be called within a runtime.
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

    /// Uses the latest token. While the first one is on its way, or one that is late, waits for it.
    pub(super) async fn take_up(&self, patience: Duration) {
        let mut tokens = self.shared.tokens.subscribe();
        let settled = tokens.wait_for(|tokens| tokens.is_settled(Instant::now()));
        // Without a token the call says itself what is missing.
        drop(timeout(patience, settled).await);
        self.shared.tokens.send_modify(AccessTokens::take_up);
    }

    /// The number of the connection that this token was issued for, and the account that was named with it; none if it is
    /// not the one in use any more.
    pub(super) fn origin_of(&self, token: &Secret) -> Option<(u64, Option<String>)> {
        self.shared.tokens.borrow().origin_of(token)
    }

    /// HubSpot did not accept this token. Only the one in use counts: an older one may still be on its way back.
    pub(super) fn was_rejected(&self, token: &Secret) {
        if self.shared.tokens.send_if_modified(|tokens| tokens.reject(token)) {
            self.shared.rejected.notify_one();
        }
    }

    /// Whether there is a token for which the account is to be asked first.
    pub(super) fn was_replaced(&self) -> bool {
        self.shared.tokens.borrow().has_next()
    }

    /// Waits for such a token.
    pub(super) async fn wait_until_replaced(&self) {
        loop {
            self.shared.replaced.notified().await;
            // The question for the account may have been on its way already.
            if self.was_replaced() {
                return;
            }
        }
    }

    /// Refreshes no more, once what is out is answered and kept.
    pub(super) async fn close(&self) {
        self.stop.token().cancel();
        drain(&self.tasks, DRAIN).await;
    }
}
