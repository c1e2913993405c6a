//! Connecting an OAuth app to an account: the code of a person's consent is exchanged for the first tokens.

use std::time::Duration;

use runtime::settings::Secret;

use super::endpoint::TokenEndpoint;
use crate::{
    client::{Credentials, HubspotClient, Target, http_client},
    engine::{Call, Response},
};

/// How long the token endpoint may take; a person waits for it.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Without these no contact is read or written.
const NEEDED_SCOPES: [&str; 2] = ["crm.objects.contacts.read", "crm.objects.contacts.write"];

/// What HubSpot sent back with a person who consented.
#[derive(Debug)]
pub struct Consent {
    /// The code, which is good once.
    pub code: Secret,
    /// The address the person was sent back to.
    pub redirect_uri: String,
    /// The secret whose hash was in the address of HubSpot's page (PKCE).
    pub verifier: Secret,
}

/// An app is connected to an account.
#[derive(Debug)]
pub struct Connected {
    /// The refresh token, to be kept.
    pub refresh_token: Secret,
    /// The account, where HubSpot says which.
    pub account_id: Option<String>,
}

/// Why an app is not connected.
#[derive(Debug, thiserror::Error)]
pub enum NotConnected {
    /// There is no HTTP client.
    #[error("no HTTP client for HubSpot")]
    Http(#[from] reqwest::Error),
    /// HubSpot issued no tokens, or did not answer.
    #[error("{}", sentence(.code, redirect_uri))]
    Refused {
        /// HubSpot's code, or one of ours.
        code: String,
        /// The address that the code was sent to.
        redirect_uri: String,
    },
    /// The tokens do not suffice.
    #[error(
        "HubSpot connected the app without the scopes {0}; add them to the app's settings in HubSpot and run connect again"
    )]
    MissingScopes(String),
    /// There is nothing to keep.
    #[error("HubSpot answered without a refresh token; run connect again")]
    NoRefreshToken,
}

/// Exchanges the code for tokens. Nothing is kept here.
pub async fn connect(
    target: &Target,
    client_id: &str,
    client_secret: &Secret,
    consent: &Consent,
) -> Result<Connected, NotConnected> {
    let endpoint = TokenEndpoint::new(http_client(target, TIMEOUT)?, target.token());
    let exchanged = endpoint.exchange(client_id, client_secret, consent).await;
    let issued = exchanged.map_err(|refusal| NotConnected::Refused {
        code: refusal.problem.reason.code,
        redirect_uri: consent.redirect_uri.clone(),
    })?;
    let lacks = |scopes: &Vec<String>| {
        let missing = NEEDED_SCOPES
            .into_iter()
            .filter(|needed| scopes.iter().all(|scope| scope != needed));
        missing.collect::<Vec<_>>().join(" and ")
    };
    match issued.scopes.as_ref().map(lacks) {
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

/// The account that an access token opens, where HubSpot says it.
async fn account(target: &Target, access_token: &str) -> Option<String> {
    let client = HubspotClient::new(target.clone(), Credentials::fixed(access_token), TIMEOUT).ok()?;
    match client.perform(&Call::Account).await.response {
        Response::Account { account_id, .. } => Some(account_id),
        _ => None,
    }
}

fn sentence(code: &str, redirect_uri: &str) -> String {
    let advice = match code {
        "BAD_AUTH_CODE" | "INVALID_GRANT" => {
            "the code is good once and for a short time; run connect again".to_owned()
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
            "let this machine reach HubSpot, by HTTPS_PROXY if need be, and run connect again".to_owned()
        }
        _ => "run connect again; if it stays so, look at the app's settings in HubSpot".to_owned(),
    };
    format!("HubSpot did not issue tokens ({code}): {advice}")
}
