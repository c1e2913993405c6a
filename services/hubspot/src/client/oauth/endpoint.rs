//! Sends requests to HubSpot's token endpoint.

use std::time::Duration;

use reqwest::{Client, Response};
use runtime::settings::Secret;
use serde_json::Value;

use super::{connect::Consent, lifetime::lifetime, token_error::TokenError};
use crate::{
    client::{
        body::{object, text},
        read_body,
    },
    engine::CallErrorKind,
};

/// HubSpot's token endpoint.
#[derive(Debug)]
pub(super) struct TokenEndpoint {
    http: Client,
    url: String,
}

/// The response of the token endpoint: an access token and what came with it.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) access_token: Secret,
    /// The refresh token to use from now on. It differs from the old one if HubSpot rotates refresh tokens.
    pub(super) refresh_token: Option<Secret>,
    pub(super) lifetime: Duration,
    /// The account it belongs to, if the response names it.
    pub(super) account_id: Option<String>,
    /// The scopes it has, if the response lists them.
    pub(super) scopes: Option<Vec<String>>,
}

impl TokenEndpoint {
    pub(super) fn new(http: Client, url: String) -> Self {
        Self { http, url }
    }

    /// Requests an access token. The HTTP client's time-out applies.
    pub(super) async fn refresh(
        &self,
        client_id: &str,
        client_secret: &Secret,
        refresh_token: &Secret,
    ) -> Result<Issued, TokenError> {
        self.ask(&[
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("client_secret", client_secret.expose()),
            ("refresh_token", refresh_token.expose()),
        ])
        .await
    }

    /// Exchanges an authorization code for the first tokens of a connection.
    pub(super) async fn exchange(
        &self,
        client_id: &str,
        client_secret: &Secret,
        consent: &Consent,
    ) -> Result<Issued, TokenError> {
        self.ask(&[
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("client_secret", client_secret.expose()),
            ("redirect_uri", &consent.redirect_uri),
            ("code", consent.code.expose()),
            ("code_verifier", consent.verifier.expose()),
        ])
        .await
    }

    async fn ask(&self, form: &[(&str, &str)]) -> Result<Issued, TokenError> {
        match self.http.post(&self.url).form(form).send().await {
            Ok(response) => read_response(response).await,
            Err(error) => Err(no_response(&error)),
        }
    }
}

async fn read_response(response: Response) -> Result<Issued, TokenError> {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = read_body(response).await.unwrap_or_default();
    if !status.is_success() {
        return Err(TokenError::from_response(status.as_u16(), &headers, &body));
    }
    object(&body).as_ref().and_then(issued).ok_or_else(|| {
        let message = "HubSpot's token endpoint answered with success, but without a usable token";
        TokenError::without_response(CallErrorKind::NoToken, "NOT_UNDERSTOOD", message)
    })
}

/// The error if there is no response. It counts as unreachable, because HubSpot rejected nothing.
fn no_response(error: &reqwest::Error) -> TokenError {
    let (code, message) = if error.is_timeout() {
        (
            "TOKEN_TIMED_OUT",
            "HubSpot's token endpoint did not answer in time",
        )
    } else {
        ("TOKEN_UNREACHABLE", "HubSpot's token endpoint cannot be reached")
    };
    TokenError::without_response(CallErrorKind::Unreachable, code, message)
}

fn issued(json: &Value) -> Option<Issued> {
    let secret = |name| text(json, name).filter(|text| !text.is_empty()).map(Secret::from);
    Some(Issued {
        access_token: secret("access_token").filter(|token| fits_a_header(token.expose()))?,
        refresh_token: secret("refresh_token"),
        lifetime: lifetime(json.get("expires_in").and_then(Value::as_u64))?,
        account_id: text(json, "hub_id"),
        scopes: json.get("scopes").and_then(Value::as_array).map(|scopes| {
            let names = scopes.iter().filter_map(Value::as_str);
            names.map(str::to_owned).collect()
        }),
    })
}

fn fits_a_header(token: &str) -> bool {
    token.chars().all(|character| character.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_holds_two_tokens_a_lifetime_and_an_account() {
        let answer = json!({
            "access_token": "a", "refresh_token": "r", "expires_in": 1800, "token_type": "bearer", "hub_id": 62515,
        });
        let issued = issued(&answer).expect("a token");
        let refresh_token = issued.refresh_token.expect("another one");
        assert_eq!((issued.access_token.expose(), refresh_token.expose()), ("a", "r"));
        assert_eq!(issued.lifetime, Duration::from_mins(30));
        assert_eq!(issued.account_id.as_deref(), Some("62515"));
    }

    #[test]
    fn an_answer_may_leave_out_everything_but_the_token() {
        let issued = issued(&json!({ "access_token": "a" })).expect("a token");
        assert!(issued.refresh_token.is_none() && issued.account_id.is_none());
        assert_eq!(issued.lifetime, Duration::from_mins(30));
    }

    #[test]
    fn an_answer_without_a_token_that_calls_can_carry_is_none() {
        for answer in [
            json!({}),
            json!({ "access_token": "" }),
            json!({ "access_token": "a\nb" }),
            json!({ "access_token": "a", "expires_in": 0 }),
        ] {
            assert!(issued(&answer).is_none(), "{answer}");
        }
    }
}
