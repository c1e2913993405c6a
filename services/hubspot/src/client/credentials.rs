//! The credentials in the settings, from which the client gets its bearer token.

use runtime::settings::{Secret, SecretSource};

/// Where the bearer token comes from.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// From the settings. It is used until it is replaced.
    Token(SecretSource),
    /// From HubSpot's token endpoint. It is refreshed before it expires.
    OAuth(OAuthApp),
}

/// An OAuth app that is connected to a HubSpot account.
#[derive(Debug, Clone)]
pub struct OAuthApp {
    /// The app's client id.
    pub client_id: String,
    /// The app's client secret.
    pub client_secret: SecretSource,
    /// The refresh token of the account's connection.
    pub refresh_token: SecretSource,
}

impl Credentials {
    /// A token that never changes.
    pub fn fixed(token: &str) -> Self {
        Self::Token(SecretSource::Value(Secret::from(token)))
    }
}
