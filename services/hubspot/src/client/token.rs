//! The bearer token that calls carry, from the settings or from HubSpot's token endpoint.

use std::{io, time::Duration};

use reqwest::Client;
use runtime::settings::Secret;

use super::{Credentials, Target, oauth::OAuth, static_token::StaticToken};
use crate::engine::{Call, CallError};

/// A bearer token. A new token that may belong to another account is put into use only by [`Call::Account`], so that
/// nothing is written into an account that was not checked.
#[derive(Debug)]
pub(super) enum Token {
    Static(StaticToken),
    OAuth(OAuth),
}

/// What a token belongs to. Tokens of the same owner belong to the same account.
#[derive(Debug)]
pub(super) enum Owner {
    /// A token from the settings, which is its own owner.
    Token(Secret),
    /// A connection of the OAuth app to one account. Its tokens change.
    Connection(u64),
}

impl Owner {
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token(token), Self::Token(other)) => token.expose() == other.expose(),
            (Self::Connection(number), Self::Connection(other)) => number == other,
            (Self::Token(_), Self::Connection(_)) | (Self::Connection(_), Self::Token(_)) => false,
        }
    }
}

impl Token {
    /// Reads the secrets. With OAuth it starts the task that requests access tokens.
    pub(super) fn open(credentials: Credentials, http: &Client, target: &Target) -> io::Result<Self> {
        Ok(match credentials {
            Credentials::Token(source) => Self::Static(StaticToken::open(source)?),
            Credentials::OAuth(app) => Self::OAuth(OAuth::start(app, http.clone(), target.token())?),
        })
    }

    /// The token for a call, or why there is none. Only [`Call::Account`] waits for one, at most for `max_wait`.
    pub(super) async fn for_call(&self, call: &Call, max_wait: Duration) -> Result<Secret, Box<CallError>> {
        match self {
            Self::Static(token) => {
                if *call == Call::Account {
                    token.use_latest();
                }
                Ok(token.in_use())
            }
            Self::OAuth(oauth) => {
                if *call == Call::Account {
                    oauth.use_latest(max_wait).await;
                }
                oauth.in_use()
            }
        }
    }

    /// The owner of this token, and the account if HubSpot named it when it issued the token.
    pub(super) fn owner(&self, token: &Secret) -> (Owner, Option<String>) {
        let issued = match self {
            Self::Static(_) => None,
            Self::OAuth(oauth) => oauth.origin_of(token),
        };
        match issued {
            Some((connection, account_id)) => (Owner::Connection(connection), account_id),
            None => (Owner::Token(token.clone()), None),
        }
    }

    /// Records that HubSpot rejected this token, so that OAuth requests another one.
    pub(super) fn mark_rejected(&self, token: &Secret) {
        match self {
            Self::Static(_) => {}
            Self::OAuth(oauth) => oauth.mark_rejected(token),
        }
    }

    /// Whether there is a new token that [`Call::Account`] has to put into use.
    pub(super) fn was_replaced(&self) -> bool {
        match self {
            Self::Static(token) => token.was_replaced(),
            Self::OAuth(oauth) => oauth.was_replaced(),
        }
    }

    /// Waits for such a token. For a token from the settings it waits for ever, because files are checked at intervals.
    pub(super) async fn wait_until_replaced(&self) {
        match self {
            Self::Static(_) => std::future::pending().await,
            Self::OAuth(oauth) => oauth.wait_until_replaced().await,
        }
    }

    /// Stops the background task.
    pub(super) async fn close(&self) {
        match self {
            Self::Static(_) => {}
            Self::OAuth(oauth) => oauth.close().await,
        }
    }
}
