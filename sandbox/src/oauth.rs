//! The tokens of the OAuth app: the valid refresh token, issued access tokens and codes. Callers pass the time.
//! <https://developers.hubspot.com/docs/api-reference/legacy/authentication/manage-oauth-tokens>

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;

/// The app that may ask for tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthApp {
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: String,
    /// The refresh token of this account's connection.
    pub refresh_token: String,
    /// The lifetime of an access token; HubSpot's is 30 minutes.
    pub token_lifetime: Duration,
}

impl Default for OAuthApp {
    fn default() -> Self {
        Self {
            client_id: "sandbox-client".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            refresh_token: "sandbox-refresh-token".to_owned(),
            token_lifetime: Duration::from_mins(30),
        }
    }
}

/// The form that a caller sends to the token endpoint.
#[derive(Debug, Default)]
pub(crate) struct TokenRequest {
    pub(crate) grant_type: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) refresh_token: String,
    pub(crate) code: String,
    pub(crate) redirect_uri: String,
}

/// The tokens in a successful response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IssuedTokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) lifetime: Duration,
}

/// Why no token was issued. Clients decide by `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenRejection {
    pub(crate) error: &'static str,
    pub(crate) status: &'static str,
    pub(crate) description: &'static str,
}

/// Whether an access token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenStatus {
    Unknown,
    Valid,
    ExpiredAt(Timestamp),
}

/// At most this many access tokens are remembered. Beyond that, the one that expires first is forgotten.
const MAX_ACCESS_TOKENS: usize = 1_000;

/// The tokens of one app.
#[derive(Debug)]
pub(crate) struct TokenStore {
    app: OAuthApp,
    is_connected: bool,
    issued: HashMap<String, Timestamp>,
    /// Codes that were issued and not used, with their redirect addresses.
    codes: HashMap<String, String>,
}

impl TokenStore {
    pub(crate) fn new(app: OAuthApp) -> Self {
        Self {
            app,
            is_connected: true,
            issued: HashMap::new(),
            codes: HashMap::new(),
        }
    }

    /// Ends the connection, as when a person uninstalls the app. No token is valid any more.
    pub(crate) fn disconnect(&mut self) {
        self.is_connected = false;
        self.issued.clear();
    }

    /// Connects the account again, with another refresh token.
    pub(crate) fn connect(&mut self, refresh_token: String) {
        self.is_connected = true;
        self.app.refresh_token = refresh_token;
    }

    /// Whether the app has this client id.
    pub(crate) fn has_client_id(&self, client_id: &str) -> bool {
        self.app.client_id == client_id
    }

    /// Remembers a code that was issued for this redirect address.
    pub(crate) fn add_code(&mut self, code: String, redirect_uri: String) {
        self.codes.insert(code, redirect_uri);
    }

    /// Revokes every access token. The connection stays.
    pub(crate) fn revoke_access_tokens(&mut self) {
        self.issued.clear();
    }

    /// Issues an access token. `new_token` generates random tokens.
    pub(crate) fn issue(
        &mut self,
        request: &TokenRequest,
        now: Timestamp,
        rotate: bool,
        mut new_token: impl FnMut() -> String,
    ) -> Result<IssuedTokens, TokenRejection> {
        match request.grant_type.as_str() {
            "refresh_token" => {
                self.check_app(request)?;
                self.check_refresh_token(request)?;
            }
            "authorization_code" => self.take_code(request, &mut new_token)?,
            _ => {
                let description = "unsupported grant type";
                return Err(rejection("unsupported_grant_type", "BAD_GRANT_TYPE", description));
            }
        }
        let access_token = new_token();
        let expires_at = now
            .saturating_add(self.app.token_lifetime)
            .unwrap_or(Timestamp::MAX);
        self.forget_first_to_expire();
        self.issued.insert(access_token.clone(), expires_at);
        if rotate {
            self.app.refresh_token = new_token();
        }
        let refresh_token = self.app.refresh_token.clone();
        Ok(IssuedTokens {
            access_token,
            refresh_token,
            lifetime: self.app.token_lifetime,
        })
    }

    /// The status of an access token at this time.
    pub(crate) fn status_of(&self, access_token: &str, now: Timestamp) -> TokenStatus {
        match self.issued.get(access_token) {
            None => TokenStatus::Unknown,
            Some(expires_at) if *expires_at > now => TokenStatus::Valid,
            Some(expires_at) => TokenStatus::ExpiredAt(*expires_at),
        }
    }

    fn check_app(&self, request: &TokenRequest) -> Result<(), TokenRejection> {
        if request.client_id != self.app.client_id {
            let description = "missing or unknown client id";
            return Err(rejection("invalid_client", "BAD_CLIENT_ID", description));
        }
        if request.client_secret != self.app.client_secret {
            let description = "missing or invalid client secret";
            return Err(rejection("invalid_client", "BAD_CLIENT_SECRET", description));
        }
        Ok(())
    }

    fn check_refresh_token(&self, request: &TokenRequest) -> Result<(), TokenRejection> {
        if self.is_connected && request.refresh_token == self.app.refresh_token {
            return Ok(());
        }
        let description = "refresh token is invalid, expired or revoked";
        Err(rejection("invalid_grant", "BAD_REFRESH_TOKEN", description))
    }

    /// Uses up a code, and connects the account if it is not connected.
    fn take_code(
        &mut self,
        request: &TokenRequest,
        new_token: &mut impl FnMut() -> String,
    ) -> Result<(), TokenRejection> {
        let unknown = rejection("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code");
        let redirect_uri = self.codes.get(&request.code).ok_or(unknown)?;
        self.check_app(request)?;
        if *redirect_uri != request.redirect_uri {
            let description = "redirect_uri does not match the one the code was issued for";
            return Err(rejection("invalid_grant", "BAD_REDIRECT_URI", description));
        }
        self.codes.remove(&request.code);
        if !self.is_connected {
            self.connect(new_token());
        }
        Ok(())
    }

    fn forget_first_to_expire(&mut self) {
        if self.issued.len() < MAX_ACCESS_TOKENS {
            return;
        }
        let oldest = self
            .issued
            .iter()
            .min_by_key(|(_, expires_at)| **expires_at)
            .map(|(token, _)| token.clone());
        if let Some(oldest) = oldest {
            self.issued.remove(&oldest);
        }
    }
}

fn rejection(error: &'static str, status: &'static str, description: &'static str) -> TokenRejection {
    TokenRejection {
        error,
        status,
        description,
    }
}

#[cfg(test)]
mod tests;
