//! Access tokens from the sandbox's token endpoint: how they are requested, and how delivery depends on them.

mod delivery;
mod errors;
mod tokens;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use contracts::FieldDefinitions;
use hubspot::{
    client::{ApiVersion, Credentials, HubspotClient, OAuthApp, Target},
    engine::{Call, Response},
};
use runtime::settings::{Secret, SecretSource};
use sandbox::{Limits, Sandbox};
use tempfile::TempDir;

use crate::harness::CEILING;

/// The refresh token that the sandbox issues first.
const REFRESH_TOKEN: &str = "sandbox-refresh-token";
/// Part of the path of the token endpoint.
const ENDPOINT: &str = "/oauth/";
/// A short lifetime that is long enough for a busy machine: at least a fifth of it is left when the next token is requested.
const SHORT: Duration = Duration::from_secs(5);

/// The file in which an operator keeps the refresh token.
struct TokenFile {
    _folder: TempDir,
    path: PathBuf,
}

impl TokenFile {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refresh-token");
        std::fs::write(&path, REFRESH_TOKEN).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    fn app(&self) -> OAuthApp {
        app(SecretSource::File(self.path.clone()))
    }

    fn replace(&self, refresh_token: &str) {
        std::fs::write(&self.path, refresh_token).unwrap();
    }

    fn token(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap().trim().to_owned()
    }
}

fn value(text: &str) -> SecretSource {
    SecretSource::Value(Secret::from(text))
}

fn app(refresh_token: SecretSource) -> OAuthApp {
    OAuthApp {
        client_id: "sandbox-client".to_owned(),
        client_secret: value("sandbox-secret"),
        refresh_token,
    }
}

/// The sandbox's app, with everything in variables.
fn sandbox_app() -> OAuthApp {
    app(value(REFRESH_TOKEN))
}

/// Settings of a sandbox whose access tokens have this lifetime, with limits that no test reaches.
fn settings(token_lifetime: Duration) -> sandbox::Settings {
    sandbox::Settings {
        oauth: sandbox::OAuthApp {
            token_lifetime,
            ..sandbox::OAuthApp::default()
        },
        limits: Limits {
            oauth_burst: 100_000,
            ..Limits::default()
        },
        kept_calls: 100_000,
        seed: Some(7),
        ..sandbox::Settings::default()
    }
}

/// A client of this sandbox. It is built here because no setting sends an app's secrets to a sandbox.
fn client(sandbox: &Sandbox, version: ApiVersion, app: OAuthApp, timeout: Duration) -> HubspotClient {
    let target = Target::sandbox(&sandbox.url(), version).unwrap();
    HubspotClient::new(target, Credentials::OAuth(app), timeout).unwrap()
}

/// The calls of the token endpoint that are answered.
fn token_calls(sandbox: &Sandbox) -> Vec<sandbox::Call> {
    let mut calls = sandbox.calls();
    calls.retain(|call| call.path.starts_with(ENDPOINT));
    calls
}

/// Repeats this until the token endpoint has answered this number of calls.
async fn until_token_calls(sandbox: &Sandbox, count: usize, mut meanwhile: impl AsyncFnMut()) {
    let deadline = Instant::now() + CEILING;
    while token_calls(sandbox).len() < count {
        assert!(Instant::now() < deadline, "{count} tokens were not asked for");
        meanwhile().await;
    }
}

/// Waits for a token whose account is not known yet, and reads the account.
async fn take_up(client: &HubspotClient) {
    let replaced = client.wait_until_token_replaced();
    tokio::time::timeout(CEILING, replaced).await.unwrap();
    opens_the_account(client).await;
}

async fn opens_the_account(client: &HubspotClient) {
    let answer = client
        .perform(&Call::Account, FieldDefinitions::built_in())
        .await
        .response;
    assert!(matches!(answer, Response::Account { .. }), "{answer:?}");
}
