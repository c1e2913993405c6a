//! The only task that requests access tokens, so that no two requests are in flight at the same time.
//!
//! It requests a token before the old one expires, and at once when a token is rejected or the app's secrets were replaced.
//! After an error it tries again: soon if the error may pass, seldom if an operator has to act.

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
    token_error::TokenError,
};
use crate::engine::CallErrorKind;

/// How often the files of the secrets are read.
const FILE_CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// The shortest and the longest wait after an error that may pass.
const TEMPORARY_ERROR_WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The shortest and the longest wait after an error that an operator has to fix, and after tokens that are issued and then
/// rejected.
const OPERATOR_ERROR_WAITS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(5));
/// A longer `Retry-After` is cut to this wait, so that the end of an outage is noticed even if HubSpot announced a later one.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(5);

/// Requests access tokens.
#[derive(Debug)]
pub(super) struct Refresher {
    endpoint: TokenEndpoint,
    connection: Connection,
    shared: Arc<Shared>,
    stop: CancellationToken,
    temporary_waits: Backoff,
    operator_waits: Backoff,
    /// Grows with every rejected token, until one is used up to its refresh.
    rejections: Backoff,
    /// The error of the last request, so that the same one is logged once.
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
            temporary_waits: Backoff::new(TEMPORARY_ERROR_WAITS.0, TEMPORARY_ERROR_WAITS.1),
            operator_waits: Backoff::new(OPERATOR_ERROR_WAITS.0, OPERATOR_ERROR_WAITS.1),
            rejections: Backoff::new(OPERATOR_ERROR_WAITS.0, OPERATOR_ERROR_WAITS.1),
            failing: None,
        }
    }

    /// Requests one token after another until it is stopped. A request in flight is finished first.
    pub(super) async fn run(mut self) {
        loop {
            let due = self.refresh().await;
            if !self.wait_for_refresh(due).await {
                return;
            }
        }
    }

    /// Requests a token and returns when to request the next one.
    async fn refresh(&mut self) -> Instant {
        self.connection.reload();
        let requested_at = Instant::now();
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
            Ok(issued) => self.handle_token(requested_at, issued).await,
            Err(error) => Instant::now() + self.handle_error(error),
        }
    }

    async fn handle_token(&mut self, requested_at: Instant, issued: Issued) -> Instant {
        // The refresh token is kept before anything else, because the old one may already be invalid.
        self.connection.keep(issued.refresh_token).await;
        let token = AccessToken {
            secret: issued.access_token,
            account_id: issued.account_id,
            connection: self.connection.number,
            usable_until: requested_at + usable(issued.lifetime),
            is_rejected: false,
        };
        let mut needs_account_check = false;
        let now = Instant::now();
        self.shared
            .tokens
            .send_modify(|tokens| needs_account_check = tokens.add(token, now));
        if needs_account_check {
            self.shared.replaced.notify_one();
        }
        if self.failing.take().is_some() {
            tracing::info!("access tokens are issued again");
        }
        tracing::debug!(
            lifetime_s = issued.lifetime.as_secs(),
            "an access token was issued"
        );
        self.temporary_waits.reset();
        self.operator_waits.reset();
        requested_at + refresh_after(issued.lifetime, rand::rng().random_range(0.0..=1.0))
    }

    /// Records and logs the error, and returns the time to wait before the next request.
    fn handle_error(&mut self, error: TokenError) -> Duration {
        let wait = if error.is_temporary() {
            let retry_after = error.retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
            self.temporary_waits.next_delay().max(retry_after)
        } else {
            self.operator_waits.next_delay()
        };
        self.log(&error);
        self.shared
            .tokens
            .send_modify(|tokens| tokens.record_error(error.call_error));
        wait
    }

    fn log(&mut self, TokenError { call_error, .. }: &TokenError) {
        if self.failing.as_ref() == Some(&call_error.kind) {
            return;
        }
        self.failing = Some(call_error.kind.clone());
        let (code, status) = (call_error.reason.code.as_str(), call_error.reason.status);
        let correlation = call_error.reason.correlation_id.as_deref();
        let left_s = self.shared.tokens.borrow().seconds_left(Instant::now());
        match call_error.kind {
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
                "HubSpot rejects the app's credentials; check HUBSPOT_OAUTH_CLIENT_ID and HUBSPOT_OAUTH_CLIENT_SECRET"
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

    /// Waits until it is time to request the next token, or until there is a reason to do so earlier. Returns false if the
    /// task has to stop.
    async fn wait_for_refresh(&mut self, due: Instant) -> bool {
        let (mut at, mut rejected) = (due, false);
        let mut file_check = interval(FILE_CHECK_INTERVAL);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return false,
                () = sleep_until(at) => {
                    if !rejected && self.is_healthy() {
                        self.rejections.reset();
                    }
                    return true;
                }
                () = self.shared.rejected.notified() => {
                    // The rejected token may have been replaced since. After an error the usual wait applies, so that
                    // rejections do not make the requests more frequent.
                    if self.shared.tokens.borrow().needs_replacement() && self.failing.is_none() {
                        rejected = true;
                        at = at.min(Instant::now() + self.wait_after_rejection());
                    }
                }
                _ = file_check.tick() => {
                    let replaced = self.connection.reload();
                    self.connection.retry_write().await;
                    // If refresh tokens rotate, another process replaced it. Using it at once would rotate it again for
                    // that process, which would do the same, without end. So it is used at the next refresh, unless there
                    // is no healthy token.
                    if replaced && !(self.connection.rotates && self.is_healthy()) {
                        return true;
                    }
                }
            }
        }
    }

    /// The wait after a rejected token: none after the first one, then longer with each token that is rejected.
    fn wait_after_rejection(&mut self) -> Duration {
        let is_first = self.rejections.attempts() == 0;
        let wait = self.rejections.next_delay();
        if is_first { Duration::ZERO } else { wait }
    }

    fn is_healthy(&self) -> bool {
        self.shared.tokens.borrow().is_healthy()
    }
}
