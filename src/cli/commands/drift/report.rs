//! The findings of a comparison. JSON is printed page by page, and a table keeps at most as many findings as it lists,
//! so memory stays small however many users are compared.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::super::{
    CommandError, ExitStatus,
    bulk::{INCOMPLETE, Totals},
    terminal::{MORE_ARE_LISTED_BY_LIMIT, format_users, print, print_part, table, text},
};

/// The kinds of findings where HubSpot no longer holds what it confirmed.
const DIFFERENCES: [&str; 3] = ["changed", "gone", "merged"];
/// The counts in each page.
const COUNTS: [&str; 4] = ["checked", "skipped", "repaired", "changedMeanwhile"];

/// How findings are printed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    /// As JSON: all findings, each page as it arrives.
    Json,
    /// As a table at the end.
    Table {
        /// How many findings are listed at most.
        limit: usize,
        /// Whether both values of each field are shown.
        values: bool,
    },
}

/// All findings so far.
pub(super) struct DriftReport {
    format: Format,
    totals: Totals,
    findings_by_kind: BTreeMap<String, u64>,
    /// The findings that the table at the end lists.
    listed_findings: Vec<Value>,
}

impl DriftReport {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            totals: Totals::new(&COUNTS),
            findings_by_kind: BTreeMap::new(),
            listed_findings: Vec::new(),
        }
    }

    /// Adds a page, and returns how many users all pages so far cover.
    pub(super) fn add(&mut self, page: &Value) -> Result<u64, CommandError> {
        self.totals.add(page);
        let findings = page["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_first_page = self.findings() == 0;
        for finding in findings {
            *self.findings_by_kind.entry(text(&finding["kind"])).or_default() += 1;
        }
        match self.format {
            Format::Json => print_part(&json_lines(findings, is_first_page))?,
            Format::Table { limit, .. } => {
                let room = limit.saturating_sub(self.listed_findings.len());
                self.listed_findings.extend(findings.iter().take(room).cloned());
            }
        }
        Ok(self.totals.count("checked") + self.totals.count("skipped"))
    }

    /// Prints everything that `add` has not printed, marked as incomplete if an error ended the comparison, and passes
    /// that error on.
    pub(super) fn print_rest(&self, ended: Result<(), CommandError>) -> Result<(), CommandError> {
        let remainder = match &ended {
            Ok(()) => None,
            Err(CommandError::Incomplete { remainder, .. }) => Some(remainder),
            Err(_) => return ended,
        };
        let printed = match self.format {
            Format::Json => {
                let mut document = self.totals.document();
                if let Some(remainder) = remainder {
                    remainder.add_to(&mut document);
                }
                print(&self.json_end(&document))
            }
            Format::Table { limit, values } => {
                let head = remainder.map_or_else(String::new, |_| format!("{INCOMPLETE}\n"));
                let text = self.describe(limit, values);
                print(&format!("{head}{}\n", text.trim_end()))
            }
        };
        // The error of the comparison is more useful than a failure to print, so it comes first.
        ended.and_then(|()| Ok(printed?))
    }

    /// Fails if something differs, except where `may_differ` is set.
    pub(super) fn exit_status(&self, may_differ: bool) -> ExitStatus {
        match self.totals.exit_status() {
            ExitStatus::Success => {
                let has_kind = |kind: &&str| self.findings_by_kind.contains_key(*kind);
                ExitStatus::success_if(may_differ || !DIFFERENCES.iter().any(has_kind))
            }
            unknown_user => unknown_user,
        }
    }

    fn findings(&self) -> u64 {
        self.findings_by_kind.values().sum()
    }

    /// The text of the JSON document after the last finding: the end of the list, and the other members.
    fn json_end(&self, document: &Value) -> String {
        let begin = if self.findings() == 0 { JSON_BEGIN } else { "" };
        let text = document.to_string();
        let members = text.strip_prefix('{').unwrap_or(&text);
        format!("{begin}],{members}\n")
    }

    fn describe(&self, limit: usize, values: bool) -> String {
        let totals = &self.totals;
        let mut text = format!(
            "{} compared, {} with nothing to compare",
            format_users(totals.count("checked")),
            totals.count("skipped")
        );
        for (kind, count) in &self.findings_by_kind {
            text = format!("{text}\n{count} {}", meaning(kind));
        }
        let (repaired, changed_meanwhile) = (totals.count("repaired"), totals.count("changedMeanwhile"));
        if repaired + changed_meanwhile > 0 {
            text = format!(
                "{text}\n{} will be sent again, {changed_meanwhile} skipped because they changed meanwhile",
                format_users(repaired)
            );
        }
        text += &totals.unknown_user_lines();
        if self.listed_findings.is_empty() || limit == 0 {
            return text;
        }
        let rows = self.listed_findings.iter().map(|finding| row(finding, values));
        let listed = table(["USER", "FINDING", "CONTACT", "FIELDS"], rows);
        let more = if self.findings() > self.listed_findings.len() as u64 {
            MORE_ARE_LISTED_BY_LIMIT
        } else {
            ""
        };
        format!("{text}\n\n{listed}{more}")
    }
}

/// The text of the JSON document before the first finding.
const JSON_BEGIN: &str = "{\"findings\":[";

/// The findings of one page as a part of the JSON document, one per line.
fn json_lines(findings: &[Value], is_first_page: bool) -> String {
    let mut lines = String::new();
    for (number, finding) in findings.iter().enumerate() {
        let before = match (is_first_page, number) {
            (true, 0) => JSON_BEGIN,
            _ => ",",
        };
        lines = format!("{lines}{before}{finding}\n");
    }
    lines
}

/// Continues a sentence that begins with a number of users.
fn meaning(kind: &str) -> &str {
    match kind {
        "changed" => "changed in HubSpot since",
        "gone" => "whose contact no longer exists",
        "merged" => "whose contact was merged into another one",
        "shared" => "not compared because they share a contact with another user",
        "notReported" => "not compared because HubSpot's answer does not contain their contact",
        "wouldWrite" => "whose contact would be updated",
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
                    field["userValue"].as_str().unwrap_or_default(),
                    field["contactValue"].as_str().unwrap_or_default()
                )
            } else {
                name
            }
        })
        .collect();
    [
        text(&finding["userId"]),
        text(&finding["kind"]),
        text(&finding["contactId"]),
        fields.join(", "),
    ]
}
