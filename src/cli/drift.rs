//! `hubsync drift` and `hubsync dry-run`: users beside their HubSpot contacts, a page after the other.

use std::collections::BTreeMap;

use clap::Args;
use contracts::{MAX_COMPARED, UserId};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Asking, Exit, Failure,
    confirm::confirm,
    gateway::Gateway,
    output::{self, table, text},
    progress::bar,
};

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

/// What was found so far.
#[derive(Default)]
struct Total {
    counts: BTreeMap<&'static str, u64>,
    kinds: BTreeMap<String, u64>,
    findings: Vec<Value>,
    /// How many findings are kept: those that are printed, and one that says that there are more.
    kept: usize,
    unknown: Vec<Value>,
}

/// Findings that say that HubSpot holds something else than it confirmed.
const DIFFERS: [&str; 3] = ["changed", "gone", "merged"];
/// The counts of a page.
const COUNTS: [&str; 4] = ["checked", "skipped", "repaired", "left"];

pub(crate) async fn drift(drift: &Drift) -> Result<Exit, Failure> {
    if drift.repair {
        let what = "What HubSpot no longer holds of what it confirmed is sent again, behind live changes; what others \
                    wrote into those fields there is overwritten.";
        confirm(what, drift.yes)?;
    }
    let total = compare(&drift.compared, "/sync/drift", &json!({ "repair": drift.repair })).await?;
    let is_well = drift.repair || DIFFERS.iter().all(|kind| !total.kinds.contains_key(*kind));
    finish(&drift.compared, &total, is_well)
}

pub(crate) async fn dry_run(dry_run: &DryRun) -> Result<Exit, Failure> {
    let total = compare(&dry_run.compared, "/sync/dry-run", &json!({})).await?;
    finish(&dry_run.compared, &total, true)
}

fn finish(compared: &Compared, total: &Total, is_well: bool) -> Result<Exit, Failure> {
    let output = compared.asking.output();
    output.print(&total.document(), || {
        total.describe(compared.limit, compared.values)
    })?;
    Ok(if total.unknown.is_empty() {
        Exit::well_if(is_well)
    } else {
        Exit::UnknownUser
    })
}

async fn compare(compared: &Compared, path: &str, request: &Value) -> Result<Total, Failure> {
    let gateway = compared.asking.gateway()?;
    let kept = if compared.asking.json {
        usize::MAX
    } else {
        compared.limit.saturating_add(1)
    };
    let mut total = Total {
        kept,
        ..Total::default()
    };
    let mut request = request.clone();
    request["values"] = compared.values.into();
    if compared.users.is_empty() {
        everybody(&gateway, compared, path, request.clone(), &mut total).await?;
    }
    for users in compared.users.chunks(MAX_COMPARED) {
        request["users"] = json!(users);
        total.add(&gateway.send(Method::POST, path, Some(&request)).await?);
    }
    Ok(total)
}

async fn everybody(
    gateway: &Gateway,
    compared: &Compared,
    path: &str,
    mut request: Value,
    total: &mut Total,
) -> Result<(), Failure> {
    let repair = if request["repair"] == true {
        " --repair"
    } else {
        ""
    };
    let command = format!("hubsync {}{repair}", path.trim_start_matches("/sync/"));
    let bar = bar(None);
    if let Some(after) = &compared.after {
        request["after"] = after.as_str().into();
    }
    loop {
        let page = gateway.send(Method::POST, path, Some(&request)).await;
        let page = page.map_err(|cause| cause.after(request["after"].as_str(), &command))?;
        total.add(&page);
        bar.set_position(total.count("checked") + total.count("skipped"));
        match page["next"].as_str() {
            Some(next) => request["after"] = next.into(),
            None => break,
        }
    }
    bar.finish_and_clear();
    Ok(())
}

impl Total {
    fn add(&mut self, page: &Value) {
        for name in COUNTS {
            *self.counts.entry(name).or_default() += page[name].as_u64().unwrap_or(0);
        }
        for finding in page["findings"].as_array().into_iter().flatten() {
            *self.kinds.entry(text(&finding["finding"])).or_default() += 1;
            if self.findings.len() < self.kept {
                self.findings.push(finding.clone());
            }
        }
        let unknown = page["unknown"].as_array().into_iter().flatten();
        self.unknown.extend(unknown.cloned());
    }

    fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    fn document(&self) -> Value {
        let mut document = json!({ "findings": self.findings });
        for name in COUNTS {
            document[name] = self.count(name).into();
        }
        if !self.unknown.is_empty() {
            document["unknown"] = self.unknown.clone().into();
        }
        document
    }

    fn describe(&self, limit: usize, values: bool) -> String {
        let mut words = format!(
            "{} compared, {} with nothing to compare",
            output::users(self.count("checked")),
            self.count("skipped")
        );
        for (kind, count) in &self.kinds {
            words = format!("{words}\n{count} {}", meaning(kind));
        }
        if self.count("repaired") + self.count("left") > 0 {
            words = format!(
                "{words}\n{} sent again, {} left alone: they changed meanwhile",
                output::users(self.count("repaired")),
                self.count("left")
            );
        }
        for user in &self.unknown {
            words = format!("{words}\nthere is no user {}", text(user));
        }
        if self.findings.is_empty() || limit == 0 {
            return words;
        }
        let rows = self
            .findings
            .iter()
            .take(limit)
            .map(|finding| row(finding, values));
        let listed = table(["USER", "FINDING", "CONTACT", "FIELDS"], rows);
        let more = if self.findings.len() > limit {
            "There are more; --limit lists them."
        } else {
            ""
        };
        format!("{words}\n\n{listed}{more}")
    }
}

fn meaning(kind: &str) -> &str {
    match kind {
        "changed" => "changed in HubSpot since",
        "gone" => "whose contact is gone",
        "merged" => "whose contact was merged into another one",
        "shared" => "who share a contact, which is not compared",
        "notTold" => "of whose contact HubSpot's answer says nothing",
        "wouldWrite" => "to whose contact something would be written",
        "wouldLink" => "who would be linked to a contact that has their address",
        "wouldCreate" => "for whom a contact would be created",
        "notFound" => "whose address no contact has",
        other => other,
    }
}

fn row(finding: &Value, values: bool) -> [String; 4] {
    let fields = finding["fields"].as_array().into_iter().flatten();
    let fields: Vec<String> = fields
        .map(|field| {
            let name = text(&field["field"]);
            if values {
                format!(
                    "{name}: {:?}, HubSpot {:?}",
                    text(&field["ours"]),
                    text(&field["theirs"])
                )
            } else {
                name
            }
        })
        .collect();
    [
        text(&finding["userId"]),
        text(&finding["finding"]),
        text(&finding["contactId"]),
        fields.join(", "),
    ]
}
