//! `hubsync problems`: which users have problems, and why.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::super::{
    CommandError, ExitStatus, GatewayOptions,
    gateway::Gateway,
    terminal::{MORE_ARE_LISTED_BY_LIMIT, definitions, table, text},
};

/// The most users that the gateway returns in one page.
const PAGE_SIZE: usize = 500;
/// How many users are listed by default.
const DEFAULT_LIMIT: usize = 100;

/// Which users to list; without options, users are counted by state and reason.
#[derive(Debug, Args)]
pub(crate) struct Problems {
    /// Lists the users in this state.
    #[arg(long)]
    state: Option<ProblemState>,
    /// Lists only users whose reason has this code.
    #[arg(long, requires = "state", value_name = "CODE")]
    reason: Option<String>,
    /// Lists at most this many users.
    #[arg(long, value_name = "USERS")]
    limit: Option<usize>,
    #[command(flatten)]
    options: GatewayOptions,
}

/// A sync state that is a problem. Values are typed as the gateway's JSON writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "camelCase")]
pub(crate) enum ProblemState {
    /// HubSpot rejected a value.
    Rejected,
    /// Another contact has the address.
    Conflict,
    /// Delivery of this user alone failed repeatedly.
    Failed,
    /// No contact has the address.
    NotFound,
}

impl ProblemState {
    /// All states, in the order in which commands print them.
    pub(crate) const ALL: [Self; 4] = [Self::Rejected, Self::Conflict, Self::Failed, Self::NotFound];

    /// The name in the gateway's JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::NotFound => "notFound",
        }
    }

    /// What the state means, what to do about it, and when hubsync retries.
    fn explanation(self) -> &'static str {
        match self {
            Self::Rejected => {
                "HubSpot rejected a value. Change the value, or HubSpot's rule and then retry. hubsync does not retry by \
                 itself."
            }
            Self::Conflict => {
                "Another contact has the address. Merge the contacts in HubSpot, or link the user (hubsync link). hubsync \
                 retries after 1 min, 10 min and 1 h, then daily."
            }
            Self::Failed => {
                "Delivery of this user alone failed repeatedly. Look at the reason, then retry. hubsync retries by itself \
                 only where a time is shown."
            }
            Self::NotFound => {
                "No contact has the user's address (hubsync show USER), and hubsync creates contacts only with \
                 HUBSPOT_CONTACT_NOT_FOUND=create. hubsync looks again after 1 min, 10 min and 1 h, then daily."
            }
        }
    }
}

pub(crate) async fn run(problems: &Problems) -> Result<ExitStatus, CommandError> {
    let gateway = problems.options.gateway()?;
    let output = problems.options.output();
    if problems.state.is_none() && problems.limit.is_none() {
        let summary = gateway.get("/sync/summary").await?;
        output.print(&summary, || describe_counts(&summary))?;
    } else {
        let listed = list_users(&gateway, problems).await?;
        output.print(&listed, || describe_users(&listed))?;
    }
    Ok(ExitStatus::Success)
}

fn describe_counts(summary: &Value) -> String {
    let problems = summary["problems"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if problems.is_empty() {
        return "no user has a problem".to_owned();
    }
    let rows = problems
        .iter()
        .map(|problem| ["users", "state", "reason", "example"].map(|member| text(&problem[member])));
    let states = problems.iter().map(|problem| text(&problem["state"]));
    format!(
        "{}{}",
        table(["USERS", "STATE", "REASON", "FOR EXAMPLE"], rows),
        explain_states(states)
    )
}

/// Explains each of these states once, below a blank line.
fn explain_states(states: impl Iterator<Item = String>) -> String {
    let present: BTreeSet<String> = states.collect();
    let entries = ProblemState::ALL
        .into_iter()
        .filter(|state| present.contains(state.name()))
        .map(|state| (state.name(), state.explanation().to_owned()));
    let text = definitions(entries);
    if text.is_empty() {
        text
    } else {
        format!("\n{text}")
    }
}

async fn list_users(gateway: &Gateway, problems: &Problems) -> Result<Value, CommandError> {
    let limit = problems.limit.unwrap_or(DEFAULT_LIMIT);
    let mut users = Vec::new();
    let mut after = None;
    loop {
        let path = list_path(problems, limit - users.len(), after.as_deref());
        let page = gateway.get(&path).await?;
        users.extend(page["users"].as_array().into_iter().flatten().cloned());
        after = page["next"].as_str().map(str::to_owned);
        match after {
            None => return Ok(json!({ "users": users })),
            Some(next) if users.len() >= limit => return Ok(json!({ "users": users, "next": next })),
            Some(_) => {}
        }
    }
}

fn list_path(problems: &Problems, limit: usize, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &limit.min(PAGE_SIZE).to_string());
    let state = problems.state.map(ProblemState::name);
    for (name, value) in [
        ("state", state),
        ("reason", problems.reason.as_deref()),
        ("after", after),
    ] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    format!("/sync?{}", query.finish())
}

fn describe_users(listed: &Value) -> String {
    let users = listed["users"].as_array().map(Vec::as_slice).unwrap_or_default();
    if users.is_empty() {
        return "no user has such a problem".to_owned();
    }
    // The message of a reason is left out: HubSpot may quote a value of the user in it.
    let rows = users.iter().map(|user| {
        let state = text(&user["state"]);
        let resending = if user["resending"] == true {
            " (being resent)"
        } else {
            ""
        };
        let [code, category, status, correlation_id] =
            ["code", "category", "status", "correlationId"].map(|member| text(&user["reason"][member]));
        [
            text(&user["userId"]),
            text(&user["version"]),
            format!("{state}{resending}"),
            text(&user["attempts"]),
            code,
            category,
            status,
            correlation_id,
            describe_failures(user),
            text(&user["nextAttemptAt"]),
        ]
    });
    let header = [
        "USER",
        "VERSION",
        "STATE",
        "ATTEMPTS",
        "CODE",
        "CATEGORY",
        "STATUS",
        "CORRELATION ID",
        "FAILURES",
        "NEXT ATTEMPT",
    ];
    let more = if listed["next"].is_null() {
        String::new()
    } else {
        format!("\n{MORE_ARE_LISTED_BY_LIMIT}")
    };
    let states = users.iter().map(|user| text(&user["state"]));
    format!("{}{}{more}", table(header, rows), explain_states(states))
}

/// How many attempts have failed in a row, and why the last one did.
fn describe_failures(user: &Value) -> String {
    if user["failures"].is_null() {
        return text(&Value::Null);
    }
    format!(
        "{} ({})",
        text(&user["failures"]),
        text(&user["lastFailure"]["code"])
    )
}
