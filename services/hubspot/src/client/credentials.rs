//! What the client gets its bearer token from, as the settings say it.

use runtime::settings::{Secret, SecretSource};

/// Where the bearer token comes from.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// It is given, and used until it is replaced.
    Token(SecretSource),
    /// It is issued by HubSpot's token endpoint, and refreshed ahead of its expiry.
    OAuth(OAuthApp),
}

/// An app that is connected to a HubSpot account.
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
