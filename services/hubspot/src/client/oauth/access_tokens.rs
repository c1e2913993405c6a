//! Decides which access token calls carry. It does no input or output, and the time is passed in.

use contracts::Reason;
use runtime::settings::Secret;
use tokio::time::Instant;

use crate::engine::{CallError, CallErrorKind};

/// An access token.
#[derive(Debug, Clone)]
pub(super) struct AccessToken {
    pub(super) secret: Secret,
    /// The account it belongs to, if the token endpoint named it.
    pub(super) account_id: Option<String>,
    /// The number of the connection it was issued for. It changes when an operator replaces the refresh token.
    pub(super) connection: u64,
    /// No call starts with it after this time.
    pub(super) usable_until: Instant,
    /// Whether HubSpot rejected it.
    pub(super) is_rejected: bool,
}

/// The access tokens of an OAuth app: the one in use, and the one that follows it.
#[derive(Debug, Default)]
pub(super) struct AccessTokens {
    in_use: Option<AccessToken>,
    /// A token that may belong to another account, or that follows a time without a good token. The next
    /// [`Call::Account`](crate::engine::Call::Account) puts it into use.
    next: Option<AccessToken>,
    /// Why the last request returned no token.
    last_error: Option<CallError>,
}

impl AccessToken {
    fn is_usable(&self, now: Instant) -> bool {
        now < self.usable_until
    }

    fn is_good(&self, now: Instant) -> bool {
        self.is_usable(now) && !self.is_rejected
    }

    /// Whether both belong to the same account. If the token endpoint did not name the account, the connection decides,
    /// because a connection belongs to one account.
    fn has_same_account(&self, other: &Self) -> bool {
        match (&self.account_id, &other.account_id) {
            (Some(account_id), Some(other)) => account_id == other,
            _ => self.connection == other.connection,
        }
    }
}

impl AccessTokens {
    /// The token that calls carry, or why there is none. A rejected token is used until a request for another one fails,
    /// because HubSpot may accept it again.
    pub(super) fn in_use(&self, now: Instant) -> Result<Secret, Box<CallError>> {
        match (&self.in_use, &self.last_error) {
            (Some(token), Some(error)) if token.is_rejected => Err(Box::new(error.clone())),
            (Some(token), _) if token.is_usable(now) => Ok(token.secret.clone()),
            (_, error) => Err(Box::new(error.clone().unwrap_or_else(no_token_yet))),
        }
    }

    /// Adds a token that was issued. It replaces a good token of the same account at once. Otherwise it waits until
    /// [`Self::use_latest`] is called, and this returns true: the account has to be checked first.
    pub(super) fn add(&mut self, token: AccessToken, now: Instant) -> bool {
        self.last_error = None;
        let before = self.in_use.as_ref().filter(|before| before.is_good(now));
        if before.is_some_and(|before| before.has_same_account(&token)) {
            self.in_use = Some(token);
            self.next = None;
            return false;
        }
        self.next = Some(token);
        true
    }

    /// Records why no token was issued.
    pub(super) fn record_error(&mut self, error: CallError) {
        self.last_error = Some(error);
    }

    /// Marks this token as rejected. Returns true if it is the one in use and was not marked before.
    pub(super) fn reject(&mut self, token: &Secret) -> bool {
        match &mut self.in_use {
            Some(in_use) if in_use.secret.expose() == token.expose() => {
                !std::mem::replace(&mut in_use.is_rejected, true)
            }
            _ => false,
        }
    }

    /// Puts the latest token into use, because the account is checked now.
    pub(super) fn use_latest(&mut self) {
        if let Some(next) = self.next.take() {
            self.in_use = Some(next);
        }
    }

    /// The connection and the account of the token in use, if it is this one.
    pub(super) fn origin_of(&self, token: &Secret) -> Option<(u64, Option<String>)> {
        let in_use = self.in_use.as_ref();
        let same = in_use.filter(|in_use| in_use.secret.expose() == token.expose())?;
        Some((same.connection, same.account_id.clone()))
    }

    pub(super) fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// Whether there is a token, or a reason why there is none, so that nobody needs to wait for the request in flight.
    pub(super) fn has_result(&self, now: Instant) -> bool {
        self.has_next() || self.last_error.is_some() || self.in_use(now).is_ok()
    }

    /// Whether the last request returned a token that HubSpot has not rejected.
    pub(super) fn is_healthy(&self) -> bool {
        self.last_error.is_none() && !self.needs_replacement()
    }

    /// Whether the token in use was rejected and there is no other.
    pub(super) fn needs_replacement(&self) -> bool {
        self.next.is_none() && self.in_use.as_ref().is_some_and(|token| token.is_rejected)
    }

    /// For how many seconds calls can go on without another token.
    pub(super) fn seconds_left(&self, now: Instant) -> u64 {
        let latest = self.next.as_ref().or(self.in_use.as_ref());
        latest.map_or(0, |token| {
            token.usable_until.saturating_duration_since(now).as_secs()
        })
    }
}

fn no_token_yet() -> CallError {
    CallError {
        kind: CallErrorKind::NoToken,
        reason: Reason::ours("NO_ACCESS_TOKEN", "HubSpot has not issued an access token yet"),
    }
}

#[cfg(test)]
mod tests;
