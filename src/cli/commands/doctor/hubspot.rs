//! Checks HubSpot: whether the token is valid for an account, and whether it can read contacts.

use contracts::FieldDefinitions;
use hubspot::{
    Config,
    client::{Credentials, HubspotClient},
    engine::{Call, CallError, CallErrorKind, Response},
};
use serde_json::json;

use super::{super::super::terminal::format_reason, Check, CheckResult};

/// An address that no contact has, because the top-level domain `invalid` is reserved.
const UNUSED_ADDRESS: &str = "nobody@hubsync.invalid";
pub(super) const TOKEN: &str = "hubspot token";
const READ: &str = "hubspot read scope";
const WRITE: &str = "hubspot write scope";

/// Makes two calls that only read. With an OAuth app it makes none: requesting a token could invalidate the refresh
/// token that the running service holds.
pub(super) async fn check(config: &Config, is_real_hubspot: bool) -> Vec<Check> {
    let access = &config.access;
    if matches!(access.credentials, Credentials::OAuth(_)) {
        let why = "an OAuth app is configured, and only the hubspot service requests its tokens; see delivery below. \
                   hubsync connect connects the app to an account again";
        return vec![Check::not_checked(TOKEN, why)];
    }
    let client = HubspotClient::new(
        access.target.clone(),
        access.credentials.clone(),
        config.call_timeout,
    );
    let client = match client {
        Ok(client) => client.expecting(access.account_id.clone()),
        Err(error) => {
            let cause = runtime::failure::in_one_line(&error);
            return vec![Check::failed(
                TOKEN,
                &cause,
                "make the file of HUBSPOT_ACCESS_TOKEN_FILE readable",
            )];
        }
    };
    let mut checks = vec![check_account(&client, is_real_hubspot).await];
    if checks[0].result != CheckResult::Failed {
        checks.push(check_read_scope(&client).await);
        let why = "only a write can show whether the token has crm.objects.contacts.write; without it, delivery halts and says so";
        checks.push(Check::not_checked(WRITE, why));
    }
    client.close().await;
    checks
}

async fn check_account(client: &HubspotClient, is_real_hubspot: bool) -> Check {
    let account = if is_real_hubspot {
        "account"
    } else {
        "sandbox, since no token is set: account"
    };
    match client
        .perform(&Call::Account, FieldDefinitions::empty())
        .await
        .response
    {
        Response::Account {
            account_id,
            details_refused: false,
        } => Check::ok(TOKEN, &format!("is valid for the {account} {account_id}")),
        Response::Account { account_id, .. } => Check::warning(
            TOKEN,
            &format!("is valid for the {account} {account_id}, but may not read the account's details"),
            "give the token the scope oauth in HubSpot, if HubSpot offers it; delivery works without it",
        ),
        Response::Error(problem) => failed(TOKEN, &problem, is_real_hubspot),
        other => unexpected(TOKEN, &other),
    }
}

async fn check_read_scope(client: &HubspotClient) -> Check {
    let call = Call::Find {
        addresses: vec![UNUSED_ADDRESS.to_owned()],
    };
    match client.perform(&call, FieldDefinitions::empty()).await.response {
        Response::Found { .. } => Check::ok(READ, "contacts can be read"),
        Response::Error(problem) => failed(READ, &problem, true),
        other => unexpected(READ, &other),
    }
}

fn unexpected(name: &'static str, answer: &Response) -> Check {
    Check::failed(name, &format!("unexpected answer: {answer:?}"), "try again")
}

fn failed(name: &'static str, problem: &CallError, is_real_hubspot: bool) -> Check {
    let reason = format_reason(&json!(problem.reason));
    Check::failed(name, &reason, fix(&problem.kind, is_real_hubspot))
}

fn fix(kind: &CallErrorKind, is_real_hubspot: bool) -> &'static str {
    match kind {
        CallErrorKind::Unauthorized => {
            "create a service key in HubSpot (Settings, Integrations, Service Keys) and put it into \
             HUBSPOT_ACCESS_TOKEN in services/hubspot/.env"
        }
        CallErrorKind::MissingScopes => {
            "give the service key or the app the scopes crm.objects.contacts.read and crm.objects.contacts.write in \
             HubSpot"
        }
        CallErrorKind::AccountUnknown => {
            "give the token the scope oauth, which is needed to read the account's details, or set HUBSPOT_ACCOUNT_ID \
             to the account's Hub ID"
        }
        CallErrorKind::WrongAccount => "correct HUBSPOT_ACCOUNT_ID, or use a token of that account",
        CallErrorKind::Unreachable | CallErrorKind::NoResponse if is_real_hubspot => {
            "let this machine reach https://api.hubapi.com, through HTTPS_PROXY if necessary"
        }
        CallErrorKind::Unreachable | CallErrorKind::NoResponse => {
            "start the sandbox (cargo run, or cargo run -p sandbox), or set HUBSPOT_ACCESS_TOKEN"
        }
        CallErrorKind::RateLimited { .. } => "wait: the account has used up its calls for now",
        _ => "try again; if the error persists, contact HubSpot's support with the correlation id",
    }
}
