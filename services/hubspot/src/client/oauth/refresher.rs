//! The one task that asks for access tokens, so that no two refreshes are ever out.
//!
//! It asks ahead of expiry, at once when a token is rejected or the app's secrets were replaced, and again and again
//! where the answer is no: soon if time may mend it, seldom if a person must.

use std::{sync::Arc, time::Duration};

use rand::RngExt;
use runtime::backoff::Backoff;
use tokio::time::{Instant, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    Shared,
    access_tokens::AccessToken,
    connection::Connection,
    endpoint::{Issued, TokenEndpoint},
    lifetime::{refresh_after, usable},
    refusal::Refusal,
};
use crate::engine::CallErrorKind;

/// How often the files of the secrets are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The waits after what time may mend.
const SOON: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The waits after what a person must mend, and between tokens that are issued and then not accepted.
const SELDOM: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(5));
/// Longest wait taken from a `Retry-After`, so that an early end of it is noticed.
const LONGEST_ASKED: Duration = Duration::from_mins(5);

/// Asks for access tokens.
#[derive(Debug)]
pub(super) struct Refresher {
    endpoint: TokenEndpoint,
    connection: Connection,
    shared: Arc<Shared>,
    stop: CancellationToken,
    soon: Backoff,
    seldom: Backoff,
    /// Grows with every token that was rejected since one lasted.
    rejections: Backoff,
    /// What the last attempt failed of, to be logged once.
    failing: Option<CallErrorKind>,
}

impl Refresher {
    pub(super) fn new(
        endpoint: TokenEndpoint,
        connection: Connection,
        shared: Arc<Shared>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            endpoint,
            connection,
            shared,
            stop,
            soon: Backoff::new(SOON.0, SOON.1),
            seldom: Backoff::new(SELDOM.0, SELDOM.1),
            rejections: Backoff::new(SELDOM.0, SELDOM.1),
            failing: None,
        }
    }

    /// Asks for one token after the other until it is stopped; a refresh that is out is finished first.
    pub(super) async fn run(mut self) {
        loop {
            let due = self.refresh().await;
            if !self.rest(due).await {
                return;
            }
        }
    }

    /// Asks for a token, and says when to ask for the next.
    async fn refresh(&mut self) -> Instant {
        self.connection.look();
        let asked_at = Instant::now();
        let Connection {
            client_id,
            client_secret,
            refresh_token,
            ..
        } = &self.connection;
        match self
            .endpoint
            .refresh(client_id, client_secret, refresh_token)
            .await
        {
            Ok(issued) => self.issued(asked_at, issued).await,
            Err(refusal) => Instant::now() + self.refused(refusal),
        }
    }

    async fn issued(&mut self, asked_at: Instant, issued: Issued) -> Instant {
        // Kept before anything else: the one before may be good no more.
        self.connection.keep(issued.refresh_token).await;
        let token = AccessToken {
            secret: issued.access_token,
            account_id: issued.account_id,
            connection: self.connection.number,
            usable_until: asked_at + usable(issued.lifetime),
            is_rejected: false,
        };
        let mut asks = false;
        let now = Instant::now();
        self.shared
            .tokens
            .send_modify(|tokens| asks = tokens.issued(token, now));
        if asks {
            self.shared.replaced.notify_one();
        }
        if self.failing.take().is_some() {
            tracing::info!("access tokens are issued again");
        }
        tracing::debug!(
            lifetime_s = issued.lifetime.as_secs(),
            "an access token was issued"
        );
        self.soon.reset();
        self.seldom.reset();
        asked_at + refresh_after(issued.lifetime, rand::rng().random_range(0.0..=1.0))
    }

    fn refused(&mut self, refusal: Refusal) -> Duration {
        let wait = if refusal.may_pass() {
            let asked = refusal.retry_after.unwrap_or_default().min(LONGEST_ASKED);
            self.soon.next_delay().max(asked)
        } else {
            self.seldom.next_delay()
        };
        self.log(&refusal);
        self.shared
            .tokens
            .send_modify(|tokens| tokens.failed(refusal.problem));
        wait
    }

    fn log(&mut self, Refusal { problem, .. }: &Refusal) {
        if self.failing.as_ref() == Some(&problem.kind) {
            return;
        }
        self.failing = Some(problem.kind.clone());
        let (code, status) = (problem.reason.code.as_str(), problem.reason.status);
        let correlation = problem.reason.correlation_id.as_deref();
        let left_s = self.shared.tokens.borrow().seconds_left(Instant::now());
        match problem.kind {
            CallErrorKind::Disconnected => tracing::error!(
                code,
                status,
                correlation,
                left_s,
                "the app is not connected to the HubSpot account; connect it again and replace the refresh token"
            ),
            CallErrorKind::Misconfigured => tracing::error!(
                code,
                status,
                correlation,
                left_s,
                "HubSpot does not accept the app's credentials; check HUBSPOT_OAUTH_CLIENT_ID and _SECRET"
            ),
            _ => tracing::warn!(
                code,
                status,
                correlation,
                left_s,
                "no access token was issued; trying again"
            ),
        }
    }

    /// Waits for the time of the next refresh, or for a reason to ask earlier; false at the end.
    async fn rest(&mut self, due: Instant) -> bool {
        let (mut at, mut rejected) = (due, false);
        let mut look = interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return false,
                () = sleep_until(at) => {
                    if !rejected && self.is_well() {
                        self.rejections.reset();
                    }
                    return true;
                }
                () = self.shared.rejected.notified() => {
                    // A rejection from before the last refresh is made good already.
                    if self.shared.tokens.borrow().wants_another() && self.failing.is_none() {
                        rejected = true;
                        at = at.min(Instant::now() + self.wait_after_rejection());
                    }
                }
                _ = look.tick() => {
                    let replaced = self.connection.look();
                    self.connection.keep_again().await;
                    // Where refresh tokens rotate, it is another process that replaced it. Using it at once would
                    // replace it for that process, and so on in turns.
                    if replaced && !(self.connection.rotates && self.is_well()) {
                        return true;
                    }
                }
            }
        }
    }

    /// Nothing the first time; longer and longer while tokens are issued that are not accepted.
    fn wait_after_rejection(&mut self) -> Duration {
        let is_first = self.rejections.attempts() == 0;
        let wait = self.rejections.next_delay();
        if is_first { Duration::ZERO } else { wait }
    }

    fn is_well(&self) -> bool {
        self.shared.tokens.borrow().is_well()
    }
}
