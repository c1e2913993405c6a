//! Which access token calls carry: told the time, and without a word on HTTP.

use contracts::Reason;
use runtime::settings::Secret;
use tokio::time::Instant;

use crate::engine::{CallError, CallErrorKind};

/// An access token.
#[derive(Debug, Clone)]
pub(super) struct AccessToken {
    pub(super) secret: Secret,
    /// The account it opens, where the answer said so.
    pub(super) account_id: Option<String>,
    /// The connection it was issued for; another one after the refresh token was replaced from outside.
    pub(super) connection: u64,
    /// From when on no call starts with it.
    pub(super) usable_until: Instant,
    /// HubSpot did not accept it.
    pub(super) is_rejected: bool,
}

/// The access tokens of an app.
#[derive(Debug, Default)]
pub(super) struct AccessTokens {
    in_use: Option<AccessToken>,
    /// For another account, or after a time without a good token: in use from the next question for the account on.
    next: Option<AccessToken>,
    /// Why the last attempt yielded no token.
    trouble: Option<CallError>,
}

impl AccessToken {
    fn is_usable(&self, now: Instant) -> bool {
        now < self.usable_until
    }

    fn is_good(&self, now: Instant) -> bool {
        self.is_usable(now) && !self.is_rejected
    }

    /// A connection is one account's, so that it will do where an answer does not name the account.
    fn opens_the_account_of(&self, other: &Self) -> bool {
        match (&self.account_id, &other.account_id) {
            (Some(account_id), Some(other)) => account_id == other,
            _ => self.connection == other.connection,
        }
    }
}

impl AccessTokens {
    /// The token that calls carry, or why there is none. A rejected one is tried until it is known that there is no
    /// other, for a rejection may pass.
    pub(super) fn in_use(&self, now: Instant) -> Result<Secret, Box<CallError>> {
        match (&self.in_use, &self.trouble) {
            (Some(token), Some(trouble)) if token.is_rejected => Err(Box::new(trouble.clone())),
            (Some(token), _) if token.is_usable(now) => Ok(token.secret.clone()),
            (_, trouble) => Err(Box::new(trouble.clone().unwrap_or_else(not_yet))),
        }
    }

    /// A token was issued. It takes the place of a good one of the same account without anybody noticing; any other
    /// waits for the question for the account, which is to be asked then.
    pub(super) fn issued(&mut self, token: AccessToken, now: Instant) -> bool {
        self.trouble = None;
        let before = self.in_use.as_ref().filter(|before| before.is_good(now));
        if before.is_some_and(|before| before.opens_the_account_of(&token)) {
            self.in_use = Some(token);
            self.next = None;
            return false;
        }
        self.next = Some(token);
        true
    }

    /// No token was issued.
    pub(super) fn failed(&mut self, trouble: CallError) {
        self.trouble = Some(trouble);
    }

    /// HubSpot did not accept this token: whether that is news of the one in use.
    pub(super) fn reject(&mut self, token: &Secret) -> bool {
        match &mut self.in_use {
            Some(in_use) if in_use.secret.expose() == token.expose() => {
                !std::mem::replace(&mut in_use.is_rejected, true)
            }
            _ => false,
        }
    }

    /// The account is asked for: with the latest token.
    pub(super) fn take_up(&mut self) {
        if let Some(next) = self.next.take() {
            self.in_use = Some(next);
        }
    }

    /// The connection and the account of the token in use, if it is this one.
    pub(super) fn origin_of(&self, token: &Secret) -> Option<(u64, Option<String>)> {
        let in_use = self.in_use.as_ref();
        let it = in_use.filter(|in_use| in_use.secret.expose() == token.expose())?;
        Some((it.connection, it.account_id.clone()))
    }

    pub(super) fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// Whether waiting would change nothing.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        self.has_next() || self.trouble.is_some() || self.in_use(now).is_ok()
    }

    /// Whether the last attempt yielded a token that is not known to be bad.
    pub(super) fn is_well(&self) -> bool {
        self.trouble.is_none() && !self.wants_another()
    }

    /// Whether the token in use was rejected, with none to take its place.
    pub(super) fn wants_another(&self) -> bool {
        self.next.is_none() && self.in_use.as_ref().is_some_and(|token| token.is_rejected)
    }

    /// How long calls can go on without another token.
    pub(super) fn seconds_left(&self, now: Instant) -> u64 {
        let latest = self.next.as_ref().or(self.in_use.as_ref());
        latest.map_or(0, |token| {
            token.usable_until.saturating_duration_since(now).as_secs()
        })
    }
}

fn not_yet() -> CallError {
    CallError {
        kind: CallErrorKind::NoToken,
        reason: Reason::ours("NO_ACCESS_TOKEN", "HubSpot has not issued an access token yet"),
    }
}

#[cfg(test)]
mod tests;
