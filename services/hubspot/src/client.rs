//! Calls HubSpot over HTTP. Every [`Call`] ends with a [`CallResponse`], also if HubSpot or the network fails.
//!
//! The client retries nothing and decides nothing, because the engine does. It refreshes access tokens that expire; when
//! it has no token, the response is an error.

mod account;
mod body;
mod classify;
mod credentials;
mod details;
mod headers;
mod named_properties;
mod oauth;
mod request;
mod static_token;
mod target;
mod token;

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use contracts::{FieldDefinitions, LastResponse, Reason};
use reqwest::{RequestBuilder, StatusCode, header::HeaderMap, redirect};

use crate::engine::{Call, CallErrorKind, CallResponse, Response};
use account::Accounts;
use runtime::settings::Secret;
use token::Token;

pub use credentials::{Credentials, OAuthApp};
pub use oauth::{Connected, Consent, NotConnected, connect};
pub use target::{ApiVersion, Target, TargetError};

/// The largest body that is read, in bytes. A longer one is an error. It protects the worker's memory.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// The longest time that making a connection may take, if the time-out of a call is not shorter.
const MAX_CONNECT_TIME: Duration = Duration::from_secs(3);

/// Calls HubSpot.
#[derive(Debug)]
pub struct HubspotClient {
    http: reqwest::Client,
    target: Target,
    token: Token,
    timeout: Duration,
    accounts: Accounts,
}

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A secret cannot be read.
    #[error("the HubSpot token cannot be read")]
    Secret(#[from] io::Error),
    /// The HTTP client cannot be built, for example because there are no root certificates.
    #[error("no HTTP client for HubSpot")]
    Http(#[from] reqwest::Error),
}

/// A complete HTTP response.
struct RawResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// There is no complete HTTP response.
struct ExchangeError {
    kind: CallErrorKind,
    code: &'static str,
    message: String,
}

impl HubspotClient {
    /// Makes a client for that target. It makes no call to the API yet. With OAuth it starts a task that requests the first
    /// token, so it must be called within a Tokio runtime.
    pub fn new(target: Target, credentials: Credentials, timeout: Duration) -> Result<Self, ClientError> {
        let http = http_client(&target, timeout)?;
        Ok(Self {
            token: Token::open(credentials, &http, &target)?,
            http,
            target,
            timeout,
            accounts: Accounts::default(),
        })
    }

    /// The same client, which answers [`CallErrorKind::WrongAccount`] if the token belongs to another account.
    #[must_use]
    pub fn expecting(mut self, account_id: Option<String>) -> Self {
        self.accounts.expected = account_id;
        self
    }

    /// The API that is called.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether there is a new token, which may belong to another account. [`Call::Account`] puts it into use.
    pub fn token_was_replaced(&self) -> bool {
        self.token.was_replaced()
    }

    /// Waits for a new OAuth token that may belong to another account. For a token from a file it waits for ever, so call
    /// [`Self::token_was_replaced`] at intervals as well.
    pub async fn wait_until_token_replaced(&self) {
        self.token.wait_until_replaced().await;
    }

    /// Stops the background task. A token request in flight is answered and its refresh token kept first.
    pub async fn close(&self) {
        self.token.close().await;
    }

    /// Makes a call and returns its response. The definitions say to which property each field is written.
    pub async fn perform(&self, call: &Call, fields: &FieldDefinitions) -> CallResponse {
        let token = match self.token.for_call(call, self.timeout).await {
            Ok(token) => token,
            Err(error) => return CallResponse::error(error.kind, error.reason),
        };
        let response = match call {
            Call::Account => self.account(&token).await,
            _ => self.perform_with(&token, call, fields).await,
        };
        if let Response::Error(error) = &response.response
            && error.kind == CallErrorKind::Unauthorized
        {
            self.token.mark_rejected(&token);
        }
        response
    }

    async fn perform_with(&self, token: &Secret, call: &Call, fields: &FieldDefinitions) -> CallResponse {
        let request = request::build(&self.http, &self.target, call, fields);
        call_response(call, fields, self.exchange(token, request).await)
    }

    async fn exchange(&self, token: &Secret, request: RequestBuilder) -> Result<RawResponse, ExchangeError> {
        let request = request.bearer_auth(token.expose());
        let response = request
            .send()
            .await
            .map_err(|error| self.exchange_error(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        match read_body(response).await {
            Ok(body) => Ok(RawResponse {
                status,
                headers,
                body,
            }),
            // The status alone says what an error means. A success counts only once its body is read.
            Err(_) if !status.is_success() => Ok(RawResponse {
                status,
                headers,
                body: Bytes::new(),
            }),
            Err(BodyError::TooLong) => Err(ExchangeError {
                kind: CallErrorKind::UnreadableBody,
                code: "ANSWER_TOO_LONG",
                message: format!("the answer is longer than {MAX_BODY_BYTES} bytes"),
            }),
            Err(BodyError::Cut(error)) => Err(self.exchange_error(&error)),
        }
    }

    fn exchange_error(&self, error: &reqwest::Error) -> ExchangeError {
        let (kind, code, message) = if error.is_builder() {
            let message = "the request cannot be built; does the token hold line breaks?".to_owned();
            (CallErrorKind::Unauthorized, "INVALID_REQUEST", message)
        } else if error.is_connect() {
            let message = format!("no connection to {}", self.target.host());
            (CallErrorKind::Unreachable, "UNREACHABLE", message)
        } else if error.is_timeout() {
            let message = format!("no answer within {} ms", self.timeout.as_millis());
            (CallErrorKind::NoResponse, "TIMED_OUT", message)
        } else {
            let message = "the connection was cut before the answer was complete".to_owned();
            (CallErrorKind::NoResponse, "CONNECTION_CUT", message)
        };
        ExchangeError { kind, code, message }
    }
}

/// Turns the result of an exchange into the response to that call.
fn call_response(
    call: &Call,
    fields: &FieldDefinitions,
    exchanged: Result<RawResponse, ExchangeError>,
) -> CallResponse {
    match exchanged {
        Ok(raw) => CallResponse {
            rate_limits: headers::limits(&raw.headers),
            last_response: Some(LastResponse {
                status: raw.status.as_u16(),
                correlation_id: headers::correlation_id(&raw.headers).map(details::word),
            }),
            response: classify::response(call, fields, raw.status, &raw.headers, &raw.body),
        },
        Err(ExchangeError { kind, code, message }) => CallResponse::error(kind, Reason::ours(code, &message)),
    }
}

/// An HTTP client for that target. It follows no redirects, because a redirect could carry the token to another host.
fn http_client(target: &Target, timeout: Duration) -> reqwest::Result<reqwest::Client> {
    // It fails if a provider is installed already, and that one serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = reqwest::Client::builder()
        .user_agent(concat!("hubsync/", env!("CARGO_PKG_VERSION")))
        .timeout(timeout)
        .connect_timeout(timeout.min(MAX_CONNECT_TIME))
        .redirect(redirect::Policy::none())
        .tcp_nodelay(true);
    if target.is_loopback() {
        builder.no_proxy().build()
    } else {
        builder.build()
    }
}

enum BodyError {
    TooLong,
    Cut(reqwest::Error),
}

async fn read_body(mut response: reqwest::Response) -> Result<Bytes, BodyError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Cut)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(BodyError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
