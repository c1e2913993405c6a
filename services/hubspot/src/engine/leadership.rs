//! Whether this worker may deliver, and for which account: the lease, the account behind the token, the shutdown.
//!
//! It takes the answers about lease and account. Which work ends when the lease is lost is left to the engine.

mod lease;

use std::time::Duration;

use contracts::{ChangeLease, LeaseAnswer, Reason, TokenState, delivery::LeaseAction};

use super::{CallErrorKind, Output, Response, UserServiceError};
use lease::Lease;
pub(crate) use lease::LeaseChange;

/// How long calls get no response before the lease is left to another worker that asks for it.
const MAX_SILENCE: Duration = Duration::from_secs(30);
/// How long after HubSpot accepted the token the user service is told so.
const ACCEPTED_FOR: Duration = Duration::from_secs(30);
/// A worker on standby whose token was accepted longer ago than this asks HubSpot again, if HubSpot refuses the holder's.
const ACCEPTED_LONG_AGO: Duration = Duration::from_secs(20);

/// What HubSpot last said about the token in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenSeen {
    /// HubSpot has neither accepted nor refused it yet.
    Unknown,
    /// It accepted the token at this time.
    Accepted(Duration),
    Refused,
}

/// Which worker delivers, as this one knows it.
#[derive(Debug)]
pub(crate) struct Leadership {
    holder: String,
    lease: Lease,
    /// What the last request for the lease asked for, and with which account.
    requested: LeaseAction,
    requested_with: Option<String>,
    /// The account behind the token, once HubSpot has said it.
    account_id: Option<String>,
    /// Whether the token in use is known to belong to that account; false after the token was replaced.
    is_account_verified: bool,
    /// Since when calls have got no response, without a single response since.
    silent_since: Option<Duration>,
    token: TokenSeen,
    is_shutting_down: bool,
    has_finished: bool,
}

impl Leadership {
    pub(crate) fn new(holder: String) -> Self {
        Self {
            holder,
            lease: Lease::default(),
            requested: LeaseAction::Hold,
            requested_with: None,
            account_id: None,
            is_account_verified: false,
            silent_since: None,
            token: TokenSeen::Unknown,
            is_shutting_down: false,
            has_finished: false,
        }
    }

    pub(crate) fn holder(&self) -> &str {
        &self.holder
    }

    /// The epoch of the lease, until the lease is known to be lost.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.lease.epoch()
    }

    /// Whether the lease surely is held now, even if an operator has paused delivery.
    pub(crate) fn holds_lease(&self, now: Duration) -> bool {
        self.lease.is_valid(now)
    }

    /// Whether users may be claimed and records may be sent now.
    pub(crate) fn may_deliver(&self, now: Duration) -> bool {
        self.is_account_verified
            && !self.is_shutting_down
            && self.lease.is_valid(now)
            && !self.lease.is_paused()
    }

    /// Why an attempt that was claimed under this epoch may not be sent any more.
    pub(crate) fn reason_to_give_back(&self, epoch: u64) -> Option<Reason> {
        if self.lease.epoch() != Some(epoch) {
            Some(lease_lost())
        } else if self.lease.is_paused() {
            Some(paused())
        } else if self.is_shutting_down {
            Some(shutting_down())
        } else {
            None
        }
    }

    /// How long the user service waits for an attempt's result.
    pub(crate) fn attempt_term(&self) -> Duration {
        self.lease.attempt_term()
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.lease.is_paused()
    }

    /// The account that the users are linked to, if the token belongs to another one.
    pub(crate) fn other_account(&self) -> Option<&str> {
        self.lease.other_account()
    }

    /// The account that the token belongs to, once it is known.
    pub(crate) fn account_id(&self) -> Option<&str> {
        self.account_id.as_deref()
    }

    pub(crate) fn is_account_verified(&self) -> bool {
        self.is_account_verified
    }

    /// Whether the last call got no response.
    pub(crate) fn is_silent(&self) -> bool {
        self.silent_since.is_some()
    }

    pub(crate) fn is_shutting_down(&self) -> bool {
        self.is_shutting_down
    }

    /// When to ask for the lease again.
    ///
    /// After the token was replaced, a worker keeps the lease that it has. It asks for a new one only when it knows the account: the
    /// user service remembers the account of the worker that gets the lease, and while nobody is linked, a former account would
    /// take the place of the right one.
    pub(crate) fn next_request_at(&self) -> Option<Duration> {
        let is_account_known = self.is_account_verified || self.lease.epoch().is_some();
        self.lease
            .next_request_at()
            .filter(|_| self.account_id.is_some() && is_account_known && !self.has_finished)
    }

    /// The request for the lease, if one is due. `is_drained` says whether nothing is left to report.
    pub(crate) fn request_lease(&mut self, now: Duration, is_drained: bool) -> Option<ChangeLease> {
        // The user service grants the lease for an account, so the account has to be known first.
        self.next_request_at().filter(|at| *at <= now)?;
        let account_id = self.account_id.clone()?;
        let was_silent_too_long = self.silent_since.is_some_and(|since| since + MAX_SILENCE <= now);
        self.requested = if self.is_shutting_down && is_drained {
            LeaseAction::Release
        } else if (was_silent_too_long || self.token == TokenSeen::Refused) && self.lease.may_yield() {
            // Another worker is waiting. Perhaps HubSpot answers that one, or accepts its token.
            LeaseAction::Yield
        } else {
            LeaseAction::Hold
        };
        self.lease.record_request(now);
        self.requested_with = Some(account_id.clone());
        Some(ChangeLease {
            holder: self.holder.clone(),
            account_id,
            action: self.requested,
            token: self.token_state(now),
        })
    }

    /// What HubSpot says about the token.
    fn token_state(&self, now: Duration) -> TokenState {
        match self.token {
            TokenSeen::Refused => TokenState::Refused,
            TokenSeen::Accepted(at) if now < at + ACCEPTED_FOR => TokenState::Accepted,
            TokenSeen::Accepted(_) | TokenSeen::Unknown => TokenState::Unknown,
        }
    }

    /// Whether to ask HubSpot if it accepts the token, because it refuses that of the worker that holds the lease.
    pub(crate) fn wants_token_check(&self, now: Duration) -> bool {
        let is_open = match self.token {
            TokenSeen::Unknown => true,
            TokenSeen::Accepted(at) => at + ACCEPTED_LONG_AGO <= now,
            TokenSeen::Refused => false,
        };
        self.lease.is_holder_refused() && is_open
    }

    pub(crate) fn handle_lease_response(
        &mut self,
        now: Duration,
        response: Result<LeaseAnswer, UserServiceError>,
    ) -> LeaseChange {
        // The token was replaced meanwhile and belongs to another account. A lease for the former account gives no right to
        // write to this one, so the response counts as lost.
        let response = if self.requested_with == self.account_id {
            response
        } else {
            Err(UserServiceError::NoResponse)
        };
        let change = self.lease.handle_response(now, self.requested, response);
        if matches!(change, LeaseChange::Gained(_)) {
            // Calls that got no response under an earlier lease must not make this worker yield the one it has just got.
            self.silent_since = None;
        }
        change
    }

    /// The user service has said, in its response to another request, that the lease is lost.
    pub(crate) fn lose_lease(&mut self) -> LeaseChange {
        self.lease.lose()
    }

    /// HubSpot has said which account the token belongs to.
    pub(crate) fn set_account(&mut self, account_id: String) -> LeaseChange {
        self.is_account_verified = true;
        let before = self.account_id.replace(account_id);
        if before.is_some() && before != self.account_id {
            // The lease was granted for the former account. Nothing may be written to this one under its epoch.
            self.lease.lose()
        } else {
            LeaseChange::None
        }
    }

    pub(crate) fn record_token_replaced(&mut self) {
        self.is_account_verified = false;
        self.token = TokenSeen::Unknown;
    }

    /// Notes whether a call got a response from HubSpot. A worker that gets none for long yields the lease.
    ///
    /// A response to a call that was sent with a former token says nothing about the present one.
    pub(crate) fn record_response(&mut self, now: Duration, is_of_present_token: bool, response: &Response) {
        if is_of_present_token {
            self.record_token(now, response);
        }
        let is_silent = match response {
            Response::Error(error) => matches!(
                error.kind,
                CallErrorKind::NoResponse
                    | CallErrorKind::Unreachable
                    // Nothing was sent because there was no access token. Another worker requests a token of its own.
                    | CallErrorKind::Disconnected
                    | CallErrorKind::Misconfigured
                    | CallErrorKind::NoToken
            ),
            Response::Account { .. }
            | Response::Found { .. }
            | Response::Updated { .. }
            | Response::Created { .. }
            | Response::Inspected(_)
            | Response::Property { .. }
            | Response::UpdatedSingle(_)
            | Response::Contact(_) => false,
        };
        self.silent_since = if is_silent {
            self.silent_since.or(Some(now))
        } else {
            None
        };
    }

    /// Notes whether HubSpot accepts the token.
    fn record_token(&mut self, now: Duration, response: &Response) {
        let is_accepted = match response {
            Response::Error(error) => match error.kind {
                CallErrorKind::Unauthorized => false,
                // These say nothing about the token: HubSpot did not answer, or a proxy may have.
                CallErrorKind::NoResponse
                | CallErrorKind::Unreachable
                | CallErrorKind::Disconnected
                | CallErrorKind::Misconfigured
                | CallErrorKind::NoToken
                | CallErrorKind::WrongAccount
                | CallErrorKind::AccountUnknown
                | CallErrorKind::NoSuchPath
                | CallErrorKind::ServerError { .. }
                | CallErrorKind::RateLimited { .. }
                | CallErrorKind::UnreadableBody
                | CallErrorKind::UnexpectedStatus
                | CallErrorKind::Forbidden => return,
                CallErrorKind::Invalid { .. }
                | CallErrorKind::Conflict
                | CallErrorKind::NotFound
                | CallErrorKind::MissingScopes
                | CallErrorKind::Locked
                | CallErrorKind::AccountMoving { .. }
                | CallErrorKind::UnknownCategory => true,
            },
            Response::Account { .. }
            | Response::Found { .. }
            | Response::Updated { .. }
            | Response::Created { .. }
            | Response::Inspected(_)
            | Response::Property { .. }
            | Response::UpdatedSingle(_)
            | Response::Contact(_) => true,
        };
        self.token = if is_accepted {
            TokenSeen::Accepted(now)
        } else {
            TokenSeen::Refused
        };
    }

    pub(crate) fn start_shutdown(&mut self) {
        self.is_shutting_down = true;
    }

    /// The last steps of a shutdown, once nothing is left to report: release the lease, and when that is answered, end.
    pub(crate) fn finish_shutdown(&mut self, now: Duration) -> Option<Output> {
        if !self.is_shutting_down || self.has_finished {
            return None;
        }
        // A release whose response was lost is not repeated: the lease may be free or another worker's by now.
        if self.lease.epoch().is_none() || self.lease.was_release_sent() {
            self.has_finished = true;
            return Some(Output::ShutDownComplete);
        }
        self.lease.request_at_once(now);
        self.request_lease(now, true).map(Output::ChangeLease)
    }
}

/// Why attempts are given back after the lease was lost.
pub(crate) fn lease_lost() -> Reason {
    Reason::ours("LEASE_LOST", "another worker delivers")
}

/// Why attempts are given back while delivery is paused.
pub(crate) fn paused() -> Reason {
    Reason::ours("PAUSED", "an operator has paused delivery")
}

/// Why attempts are given back during a shutdown.
pub(crate) fn shutting_down() -> Reason {
    Reason::ours("SHUTTING_DOWN", "the worker is stopping")
}
