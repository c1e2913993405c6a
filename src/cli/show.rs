//! `hubsync show`: a user, and what became of each of its fields.

use std::collections::BTreeMap;

use clap::Args;
use contracts::{Field, UserId};
use serde_json::{Value, json};

use super::{
    Asking, Exit, Failure,
    gateway::Gateway,
    output::{list, reason, table, text},
};

/// So many earlier versions are looked at for the fields that the latest one did not give.
const EARLIER: u64 = 50;
const TROUBLES: [&str; 4] = ["refused", "taken", "parked", "missing"];

/// Which user.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The user's id.
    user: UserId,
    #[command(flatten)]
    asking: Asking,
}

pub(crate) async fn run(show: &Show) -> Result<Exit, Failure> {
    let gateway = show.asking.gateway()?;
    let user = gateway.get(&format!("/users/{}", show.user)).await?;
    let receipts = receipts(&gateway, &show.user, &user).await?;
    let shown = json!({ "user": user, "receipts": receipts });
    show.asking
        .output()
        .print(&shown, || describe(&user, &receipts))?;
    let mut states = fields(&receipts)
        .into_values()
        .map(|(_, field)| text(&field["state"]));
    Ok(Exit::well_if(
        !states.any(|state| TROUBLES.contains(&state.as_str())),
    ))
}

/// The latest receipt, and earlier ones until each field that has a value is told of.
async fn receipts(gateway: &Gateway, user_id: &UserId, user: &Value) -> Result<Vec<Value>, Failure> {
    let latest = gateway.get(&format!("/users/{user_id}/sync")).await?;
    let mut version = latest["version"].as_u64().unwrap_or(1);
    let oldest = version.saturating_sub(EARLIER).max(1);
    let mut receipts = vec![latest];
    while version > oldest && lacks_a_field(user, &receipts) {
        version -= 1;
        let earlier = gateway
            .get(&format!("/users/{user_id}/sync?version={version}"))
            .await?;
        if earlier["fields"]
            .as_object()
            .is_some_and(|fields| !fields.is_empty())
        {
            receipts.push(earlier);
        }
    }
    Ok(receipts)
}

fn lacks_a_field(user: &Value, receipts: &[Value]) -> bool {
    let found = fields(receipts);
    let given = Field::ALL.into_iter().map(Field::name);
    given
        .filter(|name| !user[name].is_null())
        .any(|name| !found.contains_key(name))
}

/// Each field, with the version that gave it last.
fn fields(receipts: &[Value]) -> BTreeMap<&str, (String, &Value)> {
    let mut found = BTreeMap::new();
    for receipt in receipts {
        for (name, field) in receipt["fields"].as_object().into_iter().flatten() {
            found
                .entry(name.as_str())
                .or_insert_with(|| (text(&receipt["version"]), field));
        }
    }
    found
}

fn describe(user: &Value, receipts: &[Value]) -> String {
    let latest = &receipts[0];
    let mut entries = vec![
        ("user", text(&user["userId"])),
        (
            "version",
            format!(
                "{}, accepted {}",
                text(&user["version"]),
                text(&user["updatedAt"])
            ),
        ),
        ("state", text(&latest["state"])),
        ("contact", contact(&latest["contact"])),
        ("attempts", text(&latest["attempts"])),
    ];
    if !latest["lastFailure"].is_null() {
        entries.push(("last failure", reason(&latest["lastFailure"])));
    }
    let rows = fields(receipts).into_iter().map(|(name, (version, field))| {
        let again = if field["resending"] == true {
            " (sent once more)"
        } else {
            ""
        };
        let state = format!("{}{again}", text(&field["state"]));
        let (value, at) = (text(&user[name]), text(&field["settledAt"]));
        [
            name.to_owned(),
            value,
            version,
            state,
            at,
            reason(&field["reason"]),
        ]
    });
    let head = ["FIELD", "VALUE", "VERSION", "STATE", "SINCE", "REASON"];
    format!(
        "{}\n{}{}",
        list(entries),
        table(head, rows),
        attempts(&latest["lastAttempts"])
    )
}

fn contact(contact: &Value) -> String {
    if contact.is_null() {
        return "none".to_owned();
    }
    let shared = if contact["shared"] == true {
        ", shared with another user"
    } else {
        ""
    };
    let (id, account) = (text(&contact["contactId"]), text(&contact["accountId"]));
    format!(
        "{id} in account {account}, found: {}{shared}",
        text(&contact["found"])
    )
}

/// The last attempts, where the gateway tells of them.
fn attempts(attempts: &Value) -> String {
    let Some(attempts) = attempts.as_array().filter(|attempts| !attempts.is_empty()) else {
        return String::new();
    };
    let members = [
        "attempt",
        "version",
        "at",
        "durationMs",
        "status",
        "code",
        "correlationId",
    ];
    let rows = attempts
        .iter()
        .map(|attempt| members.map(|member| text(&attempt[member])));
    let head = [
        "ATTEMPT",
        "VERSION",
        "AT",
        "MS",
        "STATUS",
        "CODE",
        "CORRELATION ID",
    ];
    format!("\n{}", table(head, rows))
}
