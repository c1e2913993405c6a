//! HubSpot over HTTP: a [`Call`] goes in, a [`CallResponse`] comes out, whatever HubSpot sends back.
//!
//! The client never retries or decides: what follows from an answer is the engine's business. Access tokens that expire
//! are its own business, until it has none.

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
use contracts::{LastResponse, Reason};
use reqwest::{RequestBuilder, StatusCode, header::HeaderMap, redirect};

use crate::engine::{Call, CallErrorKind, CallResponse, Response};
use account::Accounts;
use runtime::settings::Secret;
use token::Token;

pub use credentials::{Credentials, OAuthApp};
pub use oauth::{Connected, Consent, NotConnected, connect};
pub use target::{ApiVersion, Target, TargetError};

/// The longest answer that is read; a full batch has some hundred kilobytes.
const LONGEST_BODY: usize = 8 * 1024 * 1024;
/// A connection that takes longer than this is not made in time.
const LONGEST_CONNECT: Duration = Duration::from_secs(3);

/// Calls HubSpot.
#[derive(Debug)]
pub struct HubspotClient {
    http: reqwest::Client,
    target: Target,
    token: Token,
    timeout: Duration,
    accounts: Accounts,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A secret cannot be read.
    #[error("the HubSpot token cannot be read")]
    Secret(#[from] io::Error),
    /// There is no HTTP client, for want of usable certificates.
    #[error("no HTTP client for HubSpot")]
    Http(#[from] reqwest::Error),
}

/// A complete answer.
struct RawAnswer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// No complete answer.
struct NoAnswer {
    kind: CallErrorKind,
    code: &'static str,
    message: String,
}

impl HubspotClient {
    /// A client for that target. No call is made yet; OAuth begins to ask for its first token, for which there must be
    /// a runtime.
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

    /// The same client, for which a token that opens any other account is a fault.
    #[must_use]
    pub fn expecting(mut self, account_id: Option<String>) -> Self {
        self.accounts.expected = account_id;
        self
    }

    /// Where calls go.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether there is a token that may open another account, for which the account is to be asked.
    pub fn token_was_replaced(&self) -> bool {
        self.token.was_replaced()
    }

    /// Waits for such a token. For a token in a file it does not end: look now and then.
    pub async fn wait_until_token_replaced(&self) {
        self.token.wait_until_replaced().await;
    }

    /// Ends what goes on in the background, once what is out is answered.
    pub async fn close(&self) {
        self.token.close().await;
    }

    /// Makes a call and says what became of it.
    pub async fn perform(&self, call: &Call) -> CallResponse {
        let token = match self.token.for_call(call, self.timeout).await {
            Ok(token) => token,
            Err(problem) => return CallResponse::error(problem.kind, problem.reason),
        };
        let answered = match call {
            Call::Account => self.account(&token).await,
            _ => self.perform_with(&token, call).await,
        };
        if let Response::Error(problem) = &answered.response
            && problem.kind == CallErrorKind::Unauthorized
        {
            self.token.was_rejected(&token);
        }
        answered
    }

    async fn perform_with(&self, token: &Secret, call: &Call) -> CallResponse {
        let request = request::build(&self.http, &self.target, call);
        answered(call, self.exchange(token, request).await)
    }

    async fn exchange(&self, token: &Secret, request: RequestBuilder) -> Result<RawAnswer, NoAnswer> {
        let request = request.bearer_auth(token.expose());
        let response = request.send().await.map_err(|error| self.no_answer(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        match read_body(response).await {
            Ok(body) => Ok(RawAnswer {
                status,
                headers,
                body,
            }),
            // A refusal says enough by its status; a success does not count before it is read.
            Err(_) if !status.is_success() => Ok(RawAnswer {
                status,
                headers,
                body: Bytes::new(),
            }),
            Err(BodyError::TooLong) => Err(NoAnswer {
                kind: CallErrorKind::UnreadableBody,
                code: "ANSWER_TOO_LONG",
                message: format!("the answer is longer than {LONGEST_BODY} bytes"),
            }),
            Err(BodyError::Cut(error)) => Err(self.no_answer(&error)),
        }
    }

    fn no_answer(&self, error: &reqwest::Error) -> NoAnswer {
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
        NoAnswer { kind, code, message }
    }
}

/// What an exchange comes to, for that call.
fn answered(call: &Call, outcome: Result<RawAnswer, NoAnswer>) -> CallResponse {
    match outcome {
        Ok(raw) => CallResponse {
            rate_limits: headers::limits(&raw.headers),
            last_response: Some(LastResponse {
                status: raw.status.as_u16(),
                correlation_id: headers::correlation_id(&raw.headers).map(details::word),
            }),
            response: classify::answer(call, raw.status, &raw.headers, &raw.body),
        },
        Err(NoAnswer { kind, code, message }) => CallResponse::error(kind, Reason::ours(code, &message)),
    }
}

/// A client for HTTP with that target, which never follows a redirect.
fn http_client(target: &Target, timeout: Duration) -> reqwest::Result<reqwest::Client> {
    // A second call finds the provider in place, which is all that is wanted.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = reqwest::Client::builder()
        .user_agent(concat!("hubsync/", env!("CARGO_PKG_VERSION")))
        .timeout(timeout)
        .connect_timeout(timeout.min(LONGEST_CONNECT))
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
        if body.len() + chunk.len() > LONGEST_BODY {
            return Err(BodyError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
