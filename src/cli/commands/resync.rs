//! `hubsync resync`: sends fields of users to HubSpot again.

use clap::Args;
use contracts::UserId;
use serde_json::{Value, json};

use super::super::{
    CommandError, ExitStatus, GatewayOptions,
    bulk::{BulkRequest, MAX_NAMED_USERS, Remainder, Totals, print_result, shell_option},
    terminal::{confirm, format_users, progress_bar},
};

const PATH: &str = "/sync/resync";

/// Which users to send again.
#[derive(Debug, Args)]
pub(crate) struct Resync {
    /// The users to send again.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    users: Vec<UserId>,
    /// Sends all users again.
    #[arg(long)]
    all: bool,
    /// Continues after this user, where an earlier run was interrupted.
    #[arg(long, requires = "all", value_name = "USER")]
    after: Option<UserId>,
    /// Sends only this field, for example after its property was repaired. Can be given several times.
    #[arg(long = "field", value_name = "FIELD")]
    fields: Vec<String>,
    /// Does not ask for a confirmation.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    options: GatewayOptions,
}

pub(crate) async fn run(resync: &Resync) -> Result<ExitStatus, CommandError> {
    let gateway = resync.options.gateway()?;
    if resync.all {
        let fields = match resync.fields.as_slice() {
            [] => "every field".to_owned(),
            fields => fields.join(", "),
        };
        let announcement = format!(
            "This sends {fields} of every user to HubSpot again, after live changes. It overwrites what others wrote \
             into these fields in HubSpot."
        );
        confirm(&announcement, resync.yes)?;
    }
    let mut totals = Totals::new(&["resynced", "shared", "skipped"]);
    let mut bulk = BulkRequest::new(&gateway, progress_bar(None))?;
    let add = |answer: &Value| Ok(totals.add(answer));
    let ended = if resync.all {
        let mut request = json!({ "all": true });
        if let Some(after) = &resync.after {
            request["after"] = after.as_str().into();
        }
        if !resync.fields.is_empty() {
            request["fields"] = resync.fields.clone().into();
        }
        let options: Vec<String> = resync
            .fields
            .iter()
            .map(|field| shell_option("--field", field))
            .collect();
        let command = [&["hubsync resync --all".to_owned()], options.as_slice()]
            .concat()
            .join(" ");
        let remainder = |after: Option<&str>| Remainder::after(&gateway, &command, after);
        bulk.send_pages(PATH, request, add, remainder).await
    } else {
        let request = match resync.fields.as_slice() {
            [] => json!({}),
            fields => json!({ "fields": fields }),
        };
        bulk.send_for_users(PATH, request, &resync.users, MAX_NAMED_USERS, add)
            .await
    };
    // Removes the progress bar before the result is printed.
    drop(bulk);
    print_result(resync.options.output(), ended, totals.document(), || {
        describe(&totals)
    })?;
    Ok(totals.exit_status())
}

fn describe(totals: &Totals) -> String {
    let mut text = format!("{} will be sent again", format_users(totals.count("resynced")));
    let (shared, skipped) = (totals.count("shared"), totals.count("skipped"));
    if shared > 0 {
        text = format!("{text}, {shared} skipped because they share a contact with another user");
    }
    if skipped > 0 {
        text = format!(
            "{text}, {skipped} skipped because these fields are already being sent or were never given, or their row cannot be read"
        );
    }
    text + &totals.unknown_user_lines()
}
