//! The bearer token that calls carry, whatever it comes from.

use std::{io, time::Duration};

use reqwest::Client;
use runtime::settings::Secret;

use super::{Credentials, Target, oauth::OAuth, static_token::StaticToken};
use crate::engine::{Call, CallError};

/// A bearer token. One that may open another account is taken up only together with the question for the account, so
/// that nothing is written into an account that was not checked.
#[derive(Debug)]
pub(super) enum Token {
    Static(StaticToken),
    OAuth(OAuth),
}

/// Whose token it is. Tokens of the same owner open the same account.
#[derive(Debug)]
pub(super) enum Owner {
    /// A token by itself.
    Token(Secret),
    /// A connection of the OAuth app, which is one account's; its tokens change.
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
    /// Reads the secrets, and begins to ask for access tokens where that is needed.
    pub(super) fn open(credentials: Credentials, http: &Client, target: &Target) -> io::Result<Self> {
        Ok(match credentials {
            Credentials::Token(source) => Self::Static(StaticToken::open(source)?),
            Credentials::OAuth(app) => Self::OAuth(OAuth::start(app, http.clone(), target.token())?),
        })
    }

    /// The token for a call, or why there is none. Only the question for the account waits for one.
    pub(super) async fn for_call(&self, call: &Call, patience: Duration) -> Result<Secret, Box<CallError>> {
        match self {
            Self::Static(token) => {
                if *call == Call::Account {
                    token.take_up();
                }
                Ok(token.in_use())
            }
            Self::OAuth(oauth) => {
                if *call == Call::Account {
                    oauth.take_up(patience).await;
                }
                oauth.in_use()
            }
        }
    }

    /// Whose token this is, and the account that HubSpot named when it issued it.
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

    /// HubSpot did not accept this token.
    pub(super) fn was_rejected(&self, token: &Secret) {
        match self {
            Self::Static(_) => {}
            Self::OAuth(oauth) => oauth.was_rejected(token),
        }
    }

    /// Whether there is a token for which the account is to be asked first.
    pub(super) fn was_replaced(&self) -> bool {
        match self {
            Self::Static(token) => token.was_replaced(),
            Self::OAuth(oauth) => oauth.was_replaced(),
        }
    }

    /// Waits for such a token; for ever where looking now and then has to do.
    pub(super) async fn wait_until_replaced(&self) {
        match self {
            Self::Static(_) => std::future::pending().await,
            Self::OAuth(oauth) => oauth.wait_until_replaced().await,
        }
    }

    /// Ends what goes on in the background.
    pub(super) async fn close(&self) {
        match self {
            Self::Static(_) => {}
            Self::OAuth(oauth) => oauth.close().await,
        }
    }
}
