//! `hubsync drift` and `hubsync dry-run`: compare users with their HubSpot contacts, one page after another.

mod report;

use clap::Args;
use contracts::{MAX_COMPARED, UserId};
use serde_json::{Value, json};

use super::super::{
    CommandError, ExitStatus, GatewayOptions,
    bulk::{BulkRequest, Remainder},
    terminal::{confirm, progress_bar},
};
use report::{DriftReport, Format};

/// How many findings are listed for people by default. The others are counted.
const DEFAULT_LIMIT: usize = 50;

/// Which users to compare with their contacts.
#[derive(Debug, Args)]
pub(crate) struct Drift {
    /// Sends again what differs, after live changes.
    #[arg(long)]
    repair: bool,
    /// Does not ask for a confirmation before --repair.
    #[arg(long, short, requires = "repair")]
    yes: bool,
    #[command(flatten)]
    comparison: ComparisonOptions,
}

/// Which users to look up without writing.
#[derive(Debug, Args)]
pub(crate) struct DryRun {
    #[command(flatten)]
    comparison: ComparisonOptions,
}

/// Which users to compare, and what to print.
#[derive(Debug, Args)]
struct ComparisonOptions {
    /// The users to compare; all users if none is named.
    users: Vec<UserId>,
    /// Continues after this user, where an earlier run was interrupted.
    #[arg(long, conflicts_with = "users", value_name = "USER")]
    after: Option<UserId>,
    /// Shows both values of each field that differs. These are personal data.
    #[arg(long)]
    values: bool,
    /// Lists at most this many findings. All findings are counted, and --json prints all of them.
    #[arg(long, default_value_t = DEFAULT_LIMIT, value_name = "FINDINGS")]
    limit: usize,
    #[command(flatten)]
    options: GatewayOptions,
}

pub(crate) async fn run(drift: &Drift) -> Result<ExitStatus, CommandError> {
    if drift.repair {
        let announcement = "This sends every confirmed value that HubSpot no longer holds again, after live changes. It \
                            overwrites what others wrote into these fields in HubSpot.";
        confirm(announcement, drift.yes)?;
    }
    let report = compare(&drift.comparison, "drift", json!({ "repair": drift.repair })).await?;
    // With --repair, differences are no failure, because the command repairs them.
    Ok(report.exit_status(drift.repair))
}

pub(crate) async fn dry_run(dry_run: &DryRun) -> Result<ExitStatus, CommandError> {
    let report = compare(&dry_run.comparison, "dry-run", json!({})).await?;
    Ok(report.exit_status(true))
}

/// Compares the users and prints the findings, also those of an interrupted comparison.
async fn compare(
    comparison: &ComparisonOptions,
    command: &str,
    mut request: Value,
) -> Result<DriftReport, CommandError> {
    let gateway = comparison.options.gateway()?;
    let mut report = DriftReport::new(comparison.format());
    request["values"] = comparison.values.into();
    let path = format!("/sync/{command}");
    let mut bulk = BulkRequest::new(&gateway, progress_bar(None))?;
    let ended = if comparison.users.is_empty() {
        let same_command = command_line(command, &request);
        if let Some(after) = &comparison.after {
            request["after"] = after.as_str().into();
        }
        let remainder = |after: Option<&str>| Remainder::after(&gateway, &same_command, after);
        let add = |page: &Value| report.add(page);
        bulk.send_pages(&path, request, add, remainder).await
    } else {
        let add = |page: &Value| report.add(page);
        bulk.send_for_users(&path, request, &comparison.users, MAX_COMPARED, add)
            .await
    };
    // Removes the progress bar before the report is printed.
    drop(bulk);
    report.print_rest(ended)?;
    Ok(report)
}

/// The command line that sends the same request.
fn command_line(command: &str, request: &Value) -> String {
    let mut command_line = format!("hubsync {command}");
    for option in ["repair", "values"] {
        if request[option] == true {
            command_line = format!("{command_line} --{option}");
        }
    }
    command_line
}

impl ComparisonOptions {
    fn format(&self) -> Format {
        if self.options.json {
            return Format::Json;
        }
        Format::Table {
            limit: self.limit,
            values: self.values,
        }
    }
}
