//! The token endpoint's memory: which refresh token is good, and which access tokens were issued until when.
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
    /// How long an access token is good for; HubSpot's is 30 minutes.
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

/// What a caller of the token endpoint asks for.
#[derive(Debug, Default)]
pub(crate) struct TokenRequest {
    pub(crate) grant_type: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) refresh_token: String,
    pub(crate) code: String,
    pub(crate) redirect_uri: String,
}

/// Tokens to answer with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) lifetime: Duration,
}

/// Why no token was issued; `status` is what clients decide by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenRefusal {
    pub(crate) error: &'static str,
    pub(crate) status: &'static str,
    pub(crate) description: &'static str,
}

/// Whether an access token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Unknown,
    Valid,
    ExpiredAt(Timestamp),
}

/// How many issued tokens are remembered.
const KEPT_TOKENS: usize = 1_000;

/// The tokens of one app.
#[derive(Debug)]
pub(crate) struct TokenBook {
    app: OAuthApp,
    is_connected: bool,
    issued: HashMap<String, Timestamp>,
    /// Codes that were issued and not used, each with the address it was issued for.
    codes: HashMap<String, String>,
}

impl TokenBook {
    pub(crate) fn new(app: OAuthApp) -> Self {
        Self {
            app,
            is_connected: true,
            issued: HashMap::new(),
            codes: HashMap::new(),
        }
    }

    /// Ends the connection, as when a person uninstalls the app: no token is good any more.
    pub(crate) fn disconnect(&mut self) {
        self.is_connected = false;
        self.issued.clear();
    }

    /// Connects the account anew, with another refresh token.
    pub(crate) fn connect(&mut self, refresh_token: String) {
        self.is_connected = true;
        self.app.refresh_token = refresh_token;
    }

    /// Whether the app has this client id.
    pub(crate) fn knows(&self, client_id: &str) -> bool {
        self.app.client_id == client_id
    }

    /// Remembers a code that HubSpot gave to a person who consented, to be brought back to this address.
    pub(crate) fn add_code(&mut self, code: String, redirect_uri: String) {
        self.codes.insert(code, redirect_uri);
    }

    /// Ends every access token before its time; the connection stays.
    pub(crate) fn revoke_access_tokens(&mut self) {
        self.issued.clear();
    }

    /// Issues an access token. `fresh` makes random tokens.
    pub(crate) fn issue(
        &mut self,
        request: &TokenRequest,
        now: Timestamp,
        rotate: bool,
        mut fresh: impl FnMut() -> String,
    ) -> Result<Issued, TokenRefusal> {
        match request.grant_type.as_str() {
            "refresh_token" => {
                self.check_app(request)?;
                self.check_refresh_token(request)?;
            }
            "authorization_code" => self.take_code(request, &mut fresh)?,
            _ => {
                let description = "unsupported grant type";
                return Err(refusal("unsupported_grant_type", "BAD_GRANT_TYPE", description));
            }
        }
        let access_token = fresh();
        let expires_at = now
            .saturating_add(self.app.token_lifetime)
            .unwrap_or(Timestamp::MAX);
        self.forget_oldest();
        self.issued.insert(access_token.clone(), expires_at);
        if rotate {
            self.app.refresh_token = fresh();
        }
        let refresh_token = self.app.refresh_token.clone();
        Ok(Issued {
            access_token,
            refresh_token,
            lifetime: self.app.token_lifetime,
        })
    }

    /// Whether an access token is good at this time.
    pub(crate) fn standing(&self, access_token: &str, now: Timestamp) -> Standing {
        match self.issued.get(access_token) {
            None => Standing::Unknown,
            Some(expires_at) if *expires_at > now => Standing::Valid,
            Some(expires_at) => Standing::ExpiredAt(*expires_at),
        }
    }

    fn check_app(&self, request: &TokenRequest) -> Result<(), TokenRefusal> {
        if request.client_id != self.app.client_id {
            let description = "missing or unknown client id";
            return Err(refusal("invalid_client", "BAD_CLIENT_ID", description));
        }
        if request.client_secret != self.app.client_secret {
            let description = "missing or invalid client secret";
            return Err(refusal("invalid_client", "BAD_CLIENT_SECRET", description));
        }
        Ok(())
    }

    fn check_refresh_token(&self, request: &TokenRequest) -> Result<(), TokenRefusal> {
        if self.is_connected && request.refresh_token == self.app.refresh_token {
            return Ok(());
        }
        let description = "refresh token is invalid, expired or revoked";
        Err(refusal("invalid_grant", "BAD_REFRESH_TOKEN", description))
    }

    /// Takes a code, which is good once, and connects the account if it was not.
    fn take_code(
        &mut self,
        request: &TokenRequest,
        fresh: &mut impl FnMut() -> String,
    ) -> Result<(), TokenRefusal> {
        let unknown = refusal("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code");
        let redirect_uri = self.codes.get(&request.code).ok_or(unknown)?;
        self.check_app(request)?;
        if *redirect_uri != request.redirect_uri {
            let description = "redirect_uri does not match the one the code was issued for";
            return Err(refusal("invalid_grant", "BAD_REDIRECT_URI", description));
        }
        self.codes.remove(&request.code);
        if !self.is_connected {
            self.connect(fresh());
        }
        Ok(())
    }

    fn forget_oldest(&mut self) {
        if self.issued.len() < KEPT_TOKENS {
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

fn refusal(error: &'static str, status: &'static str, description: &'static str) -> TokenRefusal {
    TokenRefusal {
        error,
        status,
        description,
    }
}

#[cfg(test)]
mod tests;
