//! HubSpot: does the token open an account, and may it read contacts?

use contracts::Reason;
use hubspot::{
    Config,
    client::{Credentials, HubspotClient},
    engine::{Call, CallError, CallErrorKind, Response},
};

use super::Check;

/// No contact has it: the domain is reserved for such uses.
const NOBODY: &str = "nobody@hubsync.invalid";
pub(super) const TOKEN: &str = "hubspot token";
const READ: &str = "hubspot read scope";
const WRITE: &str = "hubspot write scope";

/// Two calls, that read. A token that has to be asked for is left to the service: asking may replace the one it has.
pub(super) async fn check(config: &Config, real: bool) -> Vec<Check> {
    let access = &config.access;
    if matches!(access.credentials, Credentials::OAuth(_)) {
        let why = "an OAuth app is set up, whose tokens only the hubspot service asks for; see its line below. hubsync \
             connect connects the app to an account anew";
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
    let mut checks = vec![account(&client, real).await];
    if checks[0].outcome != super::Outcome::Failed {
        checks.push(read_scope(&client).await);
        let why =
            "crm.objects.contacts.write can only be proven by writing; without it the line stops and says so";
        checks.push(Check::not_checked(WRITE, why));
    }
    client.close().await;
    checks
}

async fn account(client: &HubspotClient, real: bool) -> Check {
    let whose = if real {
        "account"
    } else {
        "sandbox, for want of a token: account"
    };
    match client.perform(&Call::Account).await.response {
        Response::Account {
            account_id,
            details_refused: false,
        } => Check::ok(TOKEN, &format!("opens the {whose} {account_id}")),
        Response::Account { account_id, .. } => Check::warning(
            TOKEN,
            &format!("opens the {whose} {account_id}, but HubSpot refuses it the account's details"),
            "give the token the scope oauth in HubSpot, if it offers that scope; delivery goes on without it",
        ),
        Response::Error(problem) => failed(TOKEN, &problem, real),
        other => Check::failed(
            TOKEN,
            &format!("an answer that makes no sense: {other:?}"),
            "try again",
        ),
    }
}

async fn read_scope(client: &HubspotClient) -> Check {
    let call = Call::Find {
        addresses: vec![NOBODY.to_owned()],
    };
    match client.perform(&call).await.response {
        Response::Found { .. } => Check::ok(READ, "contacts can be read"),
        Response::Error(problem) => failed(READ, &problem, true),
        other => Check::failed(
            READ,
            &format!("an answer that makes no sense: {other:?}"),
            "try again",
        ),
    }
}

fn failed(name: &'static str, problem: &CallError, real: bool) -> Check {
    Check::failed(name, &words(&problem.reason), mend(&problem.kind, real))
}

fn words(reason: &Reason) -> String {
    let correlation = reason.correlation_id.as_deref();
    let correlation = correlation.map_or_else(String::new, |id| format!(" (correlation id {id})"));
    format!("{}: {}{correlation}", reason.code, reason.message)
}

fn mend(kind: &CallErrorKind, real: bool) -> &'static str {
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
            "give the token the scope oauth, which the account's details need, or set HUBSPOT_ACCOUNT_ID to the \
             account's Hub ID"
        }
        CallErrorKind::WrongAccount => {
            "correct HUBSPOT_ACCOUNT_ID, or use a token of the account that it names"
        }
        CallErrorKind::Unreachable | CallErrorKind::NoResponse if real => {
            "let this machine reach https://api.hubapi.com, by HTTPS_PROXY if need be"
        }
        CallErrorKind::Unreachable | CallErrorKind::NoResponse => {
            "start the sandbox (cargo run, or cargo run -p sandbox), or set HUBSPOT_ACCESS_TOKEN"
        }
        CallErrorKind::RateLimited { .. } => "wait: the account's calls are used up for now",
        _ => "try again; if it stays so, ask HubSpot's support with the correlation id",
    }
}
