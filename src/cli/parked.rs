//! `hubsync parked`: who is in trouble, and why.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{
    Asking, Exit, Failure,
    gateway::Gateway,
    output::{list as list_of, table, text},
};

/// The most users that the gateway lists at a time.
const PAGE: usize = 500;
/// How many users are listed unless another number is given.
const USUAL: usize = 100;

/// Users in trouble.
#[derive(Debug, Args)]
pub(crate) struct Parked {
    /// Lists users in this state.
    #[arg(long)]
    state: Option<Trouble>,
    /// Lists users that are so for the reason of this code; goes with a state.
    #[arg(long, requires = "state", value_name = "CODE")]
    reason: Option<String>,
    /// Lists that many users at most.
    #[arg(long, value_name = "USERS")]
    limit: Option<usize>,
    #[command(flatten)]
    asking: Asking,
}

/// A state that is trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Trouble {
    /// HubSpot refused a value.
    Refused,
    /// Another contact holds the address.
    Taken,
    /// It kept failing alone.
    Parked,
    /// There is no such contact.
    Missing,
}

impl Trouble {
    pub(crate) const ALL: [Self; 4] = [Self::Refused, Self::Taken, Self::Parked, Self::Missing];

    /// The word for it in the gateway's documents.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Taken => "taken",
            Self::Parked => "parked",
            Self::Missing => "missing",
        }
    }

    /// What it means, what to do, and when hubsync tries again.
    fn meaning(self) -> &'static str {
        match self {
            Self::Refused => {
                "HubSpot rejected a value. Change the value or HubSpot's rule, then retry; not tried again by itself."
            }
            Self::Taken => {
                "Another contact has the address. Merge the contacts in HubSpot, or hubsync link; looked at again after \
                 1 min, 10 min, 1 h, then daily."
            }
            Self::Parked => {
                "The delivery of this user alone kept failing. Look at the reason, then retry; tried again only where a \
                 time is shown."
            }
            Self::Missing => {
                "No contact has the user's address (hubsync show USER), and hubsync creates none unless \
                 HUBSPOT_MISSING=create is set; looked up again after 1 min, 10 min, 1 h, then daily."
            }
        }
    }
}

pub(crate) async fn run(parked: &Parked) -> Result<Exit, Failure> {
    let gateway = parked.asking.gateway()?;
    if parked.state.is_none() && parked.limit.is_none() {
        let summary = gateway.get("/sync/summary").await?;
        parked.asking.output().print(&summary, || counted(&summary))?;
    } else {
        let listed = list(&gateway, parked).await?;
        parked.asking.output().print(&listed, || named(&listed))?;
    }
    Ok(Exit::Well)
}

fn counted(summary: &Value) -> String {
    let troubles = summary["troubles"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if troubles.is_empty() {
        return "nobody is in trouble".to_owned();
    }
    let rows = troubles
        .iter()
        .map(|trouble| ["users", "state", "reason", "example"].map(|member| text(&trouble[member])));
    let states = troubles.iter().map(|trouble| text(&trouble["state"]));
    format!(
        "{}{}",
        table(["USERS", "STATE", "REASON", "FOR EXAMPLE"], rows),
        legend(states)
    )
}

/// What these states mean, and what to do about them.
fn legend(states: impl Iterator<Item = String>) -> String {
    let present: BTreeSet<String> = states.collect();
    let entries = Trouble::ALL
        .into_iter()
        .filter(|trouble| present.contains(trouble.word()))
        .map(|trouble| (trouble.word(), trouble.meaning().to_owned()));
    let text = list_of(entries);
    if text.is_empty() {
        text
    } else {
        format!("\n{text}")
    }
}

async fn list(gateway: &Gateway, parked: &Parked) -> Result<Value, Failure> {
    let limit = parked.limit.unwrap_or(USUAL);
    let mut users = Vec::new();
    let mut after = None;
    loop {
        let page = gateway
            .get(&path(parked, limit - users.len(), after.as_deref()))
            .await?;
        users.extend(page["users"].as_array().into_iter().flatten().cloned());
        after = page["next"].as_str().map(str::to_owned);
        match after {
            None => return Ok(json!({ "users": users })),
            Some(next) if users.len() >= limit => return Ok(json!({ "users": users, "next": next })),
            Some(_) => {}
        }
    }
}

fn path(parked: &Parked, limit: usize, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &limit.min(PAGE).to_string());
    let state = parked.state.map(Trouble::word);
    for (name, value) in [
        ("state", state),
        ("reason", parked.reason.as_deref()),
        ("after", after),
    ] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    format!("/sync?{}", query.finish())
}

fn named(listed: &Value) -> String {
    let users = listed["users"].as_array().map(Vec::as_slice).unwrap_or_default();
    if users.is_empty() {
        return "nobody is in such trouble".to_owned();
    }
    // Not the message: HubSpot may quote a value of the profile in it.
    let rows = users.iter().map(|user| {
        let state = text(&user["state"]);
        let again = if user["resending"] == true {
            " (sent once more)"
        } else {
            ""
        };
        let [code, category, status, correlation_id] =
            ["code", "category", "status", "correlationId"].map(|member| text(&user["reason"][member]));
        [
            text(&user["userId"]),
            text(&user["version"]),
            format!("{state}{again}"),
            text(&user["attempts"]),
            code,
            category,
            status,
            correlation_id,
            text(&user["nextAttemptAt"]),
        ]
    });
    let head = [
        "USER",
        "VERSION",
        "STATE",
        "ATTEMPTS",
        "CODE",
        "CATEGORY",
        "STATUS",
        "CORRELATION ID",
        "TRIED AGAIN",
    ];
    let more = if listed["next"].is_null() {
        ""
    } else {
        "\nThere are more; --limit lists them."
    };
    let states = users.iter().map(|user| text(&user["state"]));
    format!("{}{}{more}", table(head, rows), legend(states))
}
