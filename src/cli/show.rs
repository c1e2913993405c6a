//! `hubsync show`: a user, and what became of each of its fields.

use clap::Args;
use contracts::UserId;
use runtime::one_line;
use serde_json::{Value, json};

use super::{
    Asking, Exit, Failure,
    gateway::Gateway,
    output::{list, reason, table, text},
};

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
    let (user, receipt) = read(&gateway, &show.user).await?;
    let shown = json!({ "user": user, "receipt": receipt });
    show.asking.output().print(&shown, || describe(&user, &receipt))?;
    // A field in trouble is not behind one that is pending.
    let mut states = fields(&receipt)
        .into_iter()
        .map(|(.., field)| text(&field["state"]));
    Ok(Exit::well_if(
        !states.any(|state| TROUBLES.contains(&state.as_str())),
    ))
}

async fn read(gateway: &Gateway, user_id: &UserId) -> Result<(Value, Value), Failure> {
    let user = gateway.get(&format!("/users/{user_id}")).await?;
    let receipt = gateway.get(&format!("/users/{user_id}/sync")).await?;
    Ok((user, receipt))
}

/// Each field that was ever given, with the version that gave it last.
fn fields(receipt: &Value) -> Vec<(&String, String, &Value)> {
    let latest = receipt["fields"].as_object().into_iter().flatten();
    let latest = latest.map(|(name, field)| (name, text(&receipt["version"]), field));
    let earlier = receipt["earlierFields"].as_object().into_iter().flatten();
    let mut all: Vec<_> = latest
        .chain(earlier.map(|(name, field)| (name, text(&field["version"]), field)))
        .collect();
    all.sort_by_key(|(name, ..)| *name);
    all
}

fn describe(user: &Value, receipt: &Value) -> String {
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
        ("state", text(&receipt["standing"])),
        ("contact", contact(&receipt["contact"])),
        ("attempts", text(&receipt["attempts"])),
    ];
    if !receipt["lastFailure"].is_null() {
        entries.push(("last failure", reason(&receipt["lastFailure"])));
    }
    let rows = fields(receipt).into_iter().map(|(name, version, field)| {
        let again = if field["resending"] == true {
            " (sent once more)"
        } else {
            ""
        };
        let state = format!("{}{again}", text(&field["state"]));
        let (value, at) = (text(&user[name]), text(&field["settledAt"]));
        let name = one_line(name).into_owned();
        [name, value, version, state, at, reason(&field["reason"])]
    });
    let head = ["FIELD", "VALUE", "VERSION", "STATE", "SINCE", "REASON"];
    format!(
        "{}\n{}{}{}",
        list(entries),
        table(head, rows),
        problems(&receipt["problems"]),
        attempts(&receipt["lastAttempts"])
    )
}

/// What keeps fields from HubSpot, what to do about it, and when hubsync tries again.
fn problems(problems: &Value) -> String {
    let problems = problems.as_array().into_iter().flatten();
    let told = problems.map(|problem| {
        let joined = |member: &str| {
            let values = problem[member].as_array().into_iter().flatten();
            values.map(text).collect::<Vec<_>>().join(", ")
        };
        let mut entries = vec![
            (
                "problem",
                format!("{} ({})", text(&problem["problem"]), joined("fields")),
            ),
            ("what happened", text(&problem["explanation"])),
        ];
        if !joined("addresses").is_empty() {
            entries.push(("looked up", joined("addresses")));
        }
        entries.push(("what to do", text(&problem["remedy"])));
        let next = match problem["nextAttemptAt"].as_str() {
            Some(at) => format!("{at}, or at once by hubsync retry"),
            None => "not by itself, or it is under way; hubsync retry tries at once".to_owned(),
        };
        entries.push(("tried again", next));
        format!("\n{}", list(entries))
    });
    told.collect()
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
