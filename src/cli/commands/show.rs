//! `hubsync show`: a user, and the sync state of each of its fields.

use clap::Args;
use contracts::UserId;
use runtime::one_line;
use serde_json::{Value, json};

use super::{
    super::{
        CommandError, ExitStatus, GatewayOptions,
        gateway::Gateway,
        terminal::{definitions, format_reason, table, text},
    },
    problems::ProblemState,
};

/// Which user to show.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The user's id.
    user: UserId,
    #[command(flatten)]
    options: GatewayOptions,
}

pub(crate) async fn run(show: &Show) -> Result<ExitStatus, CommandError> {
    let gateway = show.options.gateway()?;
    let (user, receipt) = get_user_and_receipt(&gateway, &show.user).await?;
    let document = json!({ "user": user, "receipt": receipt });
    show.options
        .output()
        .print(&document, || describe(&user, &receipt))?;
    let state = &receipt["overallState"];
    let has_problem = ProblemState::ALL.iter().any(|problem| state == problem.name());
    Ok(ExitStatus::success_if(!has_problem))
}

async fn get_user_and_receipt(gateway: &Gateway, user_id: &UserId) -> Result<(Value, Value), CommandError> {
    let user = gateway.get(&format!("/users/{user_id}")).await?;
    let receipt = gateway.get(&format!("/users/{user_id}/sync")).await?;
    Ok((user, receipt))
}

/// Every field that has a value or once had one: its name, the version that last changed it, and its part of the
/// receipt.
fn all_fields(receipt: &Value) -> Vec<(&String, String, &Value)> {
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
        ("state", text(&receipt["overallState"])),
        ("contact", describe_contact(&receipt["contact"])),
        ("attempts", text(&receipt["attempts"])),
    ];
    if !receipt["failures"].is_null() {
        entries.push(("failures", format!("{} in a row", text(&receipt["failures"]))));
    }
    if !receipt["lastFailure"].is_null() {
        entries.push(("last failure", format_reason(&receipt["lastFailure"])));
    }
    if !receipt["nextAttemptAt"].is_null() {
        let next_attempt = format!(
            "{}, or at once with hubsync retry",
            text(&receipt["nextAttemptAt"])
        );
        entries.push(("next attempt", next_attempt));
    }
    let rows = all_fields(receipt).into_iter().map(|(name, version, field)| {
        let resending = if field["resending"] == true {
            " (being resent)"
        } else {
            ""
        };
        let state = format!(
            "{}{}{resending}",
            text(&field["state"]),
            describe_confirmation(field)
        );
        let (value, since) = (text(&user[name]), text(&field["recordedAt"]));
        let name = one_line(name).into_owned();
        [
            name,
            value,
            version,
            state,
            since,
            format_reason(&field["reason"]),
        ]
    });
    let header = ["FIELD", "VALUE", "VERSION", "STATE", "SINCE", "REASON"];
    format!(
        "{}\n{}{}{}",
        definitions(entries),
        table(header, rows),
        describe_problems(&receipt["problems"]),
        describe_attempts(&receipt["lastAttempts"])
    )
}

/// How HubSpot has a confirmed value, unless it shows exactly that value.
fn describe_confirmation(field: &Value) -> &'static str {
    if field["shown"] == false {
        ", not shown by HubSpot"
    } else if field["normalized"] == true {
        ", in another form"
    } else {
        ""
    }
}

/// For each problem: what happened, what to do about it, and when hubsync retries.
fn describe_problems(problems: &Value) -> String {
    let problems = problems.as_array().into_iter().flatten();
    let described = problems.map(|problem| {
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
        let next_attempt = match problem["nextAttemptAt"].as_str() {
            Some(at) => format!("{at}, or at once with hubsync retry"),
            None => "none is scheduled, or one is running; hubsync retry retries at once".to_owned(),
        };
        entries.push(("next attempt", next_attempt));
        format!("\n{}", definitions(entries))
    });
    described.collect()
}

fn describe_contact(contact: &Value) -> String {
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
        "{id} in account {account}, origin {}{shared}",
        text(&contact["origin"])
    )
}

/// The last attempts, if the receipt has any.
fn describe_attempts(attempts: &Value) -> String {
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
    let header = [
        "ATTEMPT",
        "VERSION",
        "AT",
        "MS",
        "STATUS",
        "CODE",
        "CORRELATION ID",
    ];
    format!("\n{}", table(header, rows))
}
