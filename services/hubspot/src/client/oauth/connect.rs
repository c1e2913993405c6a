//! Connects an OAuth app to an account: exchanges the authorization code that a person's consent gave for the first tokens.

use std::time::Duration;

use contracts::FieldDefinitions;
use runtime::settings::Secret;

use super::endpoint::TokenEndpoint;
use crate::{
    client::{Credentials, HubspotClient, Target, http_client},
    engine::{Call, Response},
};

/// How long the token endpoint may take. A person is waiting.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The scopes that reading and writing contacts needs.
const NEEDED_SCOPES: [&str; 2] = ["crm.objects.contacts.read", "crm.objects.contacts.write"];

/// What HubSpot returned when a person consented.
#[derive(Debug)]
pub struct Consent {
    /// The authorization code. It can be exchanged once.
    pub code: Secret,
    /// The redirect URL that HubSpot sent the person's browser to.
    pub redirect_uri: String,
    /// The PKCE code verifier.
    pub verifier: Secret,
}

/// The result of connecting an app to an account.
#[derive(Debug)]
pub struct Connected {
    /// The refresh token, which the caller has to keep.
    pub refresh_token: Secret,
    /// The account, if HubSpot named it.
    pub account_id: Option<String>,
}

/// The app could not be connected.
#[derive(Debug, thiserror::Error)]
pub enum NotConnected {
    /// The HTTP client cannot be built.
    #[error("no HTTP client for HubSpot")]
    Http(#[from] reqwest::Error),
    /// HubSpot issued no tokens, or did not answer.
    #[error("{}", no_tokens_message(.code, redirect_uri))]
    NoTokens {
        /// HubSpot's error code, or one of ours.
        code: String,
        /// The redirect URL of the authorization code.
        redirect_uri: String,
    },
    /// The tokens lack scopes that hubsync needs.
    #[error(
        "HubSpot connected the app without the scopes {0}; add them to the app's settings in HubSpot and run connect again"
    )]
    MissingScopes(String),
    /// HubSpot issued an access token without a refresh token.
    #[error("HubSpot answered without a refresh token; run connect again")]
    NoRefreshToken,
}

/// Exchanges the code for tokens. The caller has to keep the refresh token.
pub async fn connect(
    target: &Target,
    client_id: &str,
    client_secret: &Secret,
    consent: &Consent,
) -> Result<Connected, NotConnected> {
    let endpoint = TokenEndpoint::new(http_client(target, TIMEOUT)?, target.token());
    let exchanged = endpoint.exchange(client_id, client_secret, consent).await;
    let issued = exchanged.map_err(|error| NotConnected::NoTokens {
        code: error.call_error.reason.code,
        redirect_uri: consent.redirect_uri.clone(),
    })?;
    let missing_scopes = |scopes: &Vec<String>| {
        let missing = NEEDED_SCOPES
            .into_iter()
            .filter(|needed| scopes.iter().all(|scope| scope != needed));
        missing.collect::<Vec<_>>().join(" and ")
    };
    match issued.scopes.as_ref().map(missing_scopes) {
        Some(missing) if !missing.is_empty() => return Err(NotConnected::MissingScopes(missing)),
        _ => {}
    }
    let account_id = match issued.account_id {
        Some(account_id) => Some(account_id),
        None => account(target, issued.access_token.expose()).await,
    };
    let refresh_token = issued.refresh_token.ok_or(NotConnected::NoRefreshToken)?;
    Ok(Connected {
        refresh_token,
        account_id,
    })
}

/// The account that an access token belongs to, if HubSpot names it.
async fn account(target: &Target, access_token: &str) -> Option<String> {
    let client = HubspotClient::new(target.clone(), Credentials::fixed(access_token), TIMEOUT).ok()?;
    match client
        .perform(&Call::Account, FieldDefinitions::empty())
        .await
        .response
    {
        Response::Account { account_id, .. } => Some(account_id),
        _ => None,
    }
}

/// The message for an operator: the code, and how to fix it.
fn no_tokens_message(code: &str, redirect_uri: &str) -> String {
    let advice = match code {
        "BAD_AUTH_CODE" | "INVALID_GRANT" => {
            "the authorization code was used already or has expired; run connect again".to_owned()
        }
        "BAD_REDIRECT_URI" => format!(
            "register {redirect_uri} as a redirect URL in the app's settings in HubSpot, or name one that is registered \
             with --redirect-uri"
        ),
        "BAD_CLIENT_ID" => "check HUBSPOT_OAUTH_CLIENT_ID against the app's page in HubSpot".to_owned(),
        "BAD_CLIENT_SECRET" => {
            "check HUBSPOT_OAUTH_CLIENT_SECRET against the app's page in HubSpot".to_owned()
        }
        "INVALID_CLIENT" | "UNAUTHORIZED_CLIENT" => {
            "check HUBSPOT_OAUTH_CLIENT_ID and HUBSPOT_OAUTH_CLIENT_SECRET against the app's page in HubSpot"
                .to_owned()
        }
        "TOKEN_UNREACHABLE" | "TOKEN_TIMED_OUT" => {
            "allow this machine to connect to HubSpot (set HTTPS_PROXY if it needs a proxy), and run connect again"
                .to_owned()
        }
        _ => "run connect again; if it fails again, check the app's settings in HubSpot".to_owned(),
    };
    format!("HubSpot did not issue tokens ({code}): {advice}")
}
