//! `hubsync drift` and `hubsync dry-run`: users beside their HubSpot contacts, a page after the other.

mod found;

use clap::Args;
use contracts::{MAX_COMPARED, UserId};
use serde_json::{Value, json};

use super::{
    Asking, Exit, Failure,
    confirm::confirm,
    progress::bar,
    series::{Rest, Series},
};
use found::{Found, Listing};

/// Findings that are listed for people unless another number is given; the others are counted.
const USUAL: usize = 50;

/// Users to compare with what HubSpot holds.
#[derive(Debug, Args)]
pub(crate) struct Drift {
    /// Sends again what differs, behind live changes.
    #[arg(long)]
    repair: bool,
    /// Asks nothing before what differs is sent again.
    #[arg(long, short, requires = "repair")]
    yes: bool,
    #[command(flatten)]
    compared: Compared,
}

/// Users whose delivery is to be looked at before it is made.
#[derive(Debug, Args)]
pub(crate) struct DryRun {
    #[command(flatten)]
    compared: Compared,
}

/// Whom to compare, and what to tell.
#[derive(Debug, Args)]
struct Compared {
    /// These users only; everybody where none is named.
    users: Vec<UserId>,
    /// Goes on after that user, where an earlier one broke off.
    #[arg(long, conflicts_with = "users", value_name = "USER")]
    after: Option<UserId>,
    /// Shows both values of each field that differs: personal data.
    #[arg(long)]
    values: bool,
    /// Lists that many findings at most; all of them are counted, and `--json` has all of them.
    #[arg(long, default_value_t = USUAL, value_name = "FINDINGS")]
    limit: usize,
    #[command(flatten)]
    asking: Asking,
}

pub(crate) async fn drift(drift: &Drift) -> Result<Exit, Failure> {
    if drift.repair {
        let what = "What HubSpot no longer holds of what it confirmed is sent again, behind live changes; what others \
                    wrote into those fields there is overwritten.";
        confirm(what, drift.yes)?;
    }
    let found = compare(&drift.compared, "drift", json!({ "repair": drift.repair })).await?;
    Ok(found.exit(drift.repair))
}

pub(crate) async fn dry_run(dry_run: &DryRun) -> Result<Exit, Failure> {
    let found = compare(&dry_run.compared, "dry-run", json!({})).await?;
    Ok(found.exit(true))
}

/// Prints what is found, whether or not all of it was looked at.
async fn compare(compared: &Compared, command: &str, mut request: Value) -> Result<Found, Failure> {
    let gateway = compared.asking.gateway()?;
    let mut found = Found::new(compared.listing());
    request["values"] = compared.values.into();
    let path = format!("/sync/{command}");
    let mut series = Series::begin(&gateway, bar(None))?;
    let outcome = if compared.users.is_empty() {
        let again = again(command, &request);
        if let Some(after) = &compared.after {
            request["after"] = after.as_str().into();
        }
        let add = |page: &Value| found.add(page);
        series
            .pages(&path, request, add, |after| Rest::after(&gateway, &again, after))
            .await
    } else {
        let add = |page: &Value| found.add(page);
        series
            .named(&path, request, &compared.users, MAX_COMPARED, add)
            .await
    };
    // Its bar would stand in the way.
    drop(series);
    found.conclude(outcome)?;
    Ok(found)
}

/// The command that asks for the same.
fn again(command: &str, request: &Value) -> String {
    let mut again = format!("hubsync {command}");
    for option in ["repair", "values"] {
        if request[option] == true {
            again = format!("{again} --{option}");
        }
    }
    again
}

impl Compared {
    fn listing(&self) -> Listing {
        if self.asking.json {
            return Listing::Json;
        }
        Listing::Table {
            limit: self.limit,
            values: self.values,
        }
    }
}
