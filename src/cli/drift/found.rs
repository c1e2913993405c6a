//! What a comparison found so far: counted, and listed as far as it is asked for. However many users there are, no more is kept.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{
    Exit, Failure,
    output::{self, print_part, print_raw, table, text},
    series::SO_FAR,
};

/// Findings that say that HubSpot holds something else than it confirmed.
const DIFFERS: [&str; 3] = ["changed", "gone", "merged"];
/// The counts of a page.
const COUNTS: [&str; 4] = ["checked", "skipped", "repaired", "left"];

/// How findings are listed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Listing {
    /// As JSON, all of them, page by page as they come.
    Json,
    /// For people, at the end.
    Table {
        /// So many at most.
        limit: usize,
        /// With both sides of each field.
        values: bool,
    },
}

/// What was found so far.
pub(super) struct Found {
    listing: Listing,
    counts: BTreeMap<&'static str, u64>,
    kinds: BTreeMap<String, u64>,
    /// Those that are listed at the end.
    findings: Vec<Value>,
    /// Named users that do not exist.
    unknown: Vec<Value>,
}

impl Found {
    pub(super) fn new(listing: Listing) -> Self {
        Self {
            listing,
            counts: BTreeMap::new(),
            kinds: BTreeMap::new(),
            findings: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// Takes a page, and says how many users were come to so far.
    pub(super) fn add(&mut self, page: &Value) -> Result<u64, Failure> {
        for name in COUNTS {
            *self.counts.entry(name).or_default() += page[name].as_u64().unwrap_or(0);
        }
        let findings = page["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let before = self.found();
        for finding in findings {
            *self.kinds.entry(text(&finding["finding"])).or_default() += 1;
        }
        let unknown = page["unknown"].as_array().into_iter().flatten();
        self.unknown.extend(unknown.cloned());
        match self.listing {
            Listing::Json => print_part(&lines(findings, before == 0))?,
            Listing::Table { limit, .. } => {
                let kept = limit.saturating_sub(self.findings.len());
                self.findings.extend(findings.iter().take(kept).cloned());
            }
        }
        Ok(self.count("checked") + self.count("skipped"))
    }

    /// Prints what was not printed yet, as a part where something kept the rest from being done.
    pub(super) fn conclude(&self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        let rest = match &outcome {
            Ok(()) => None,
            Err(Failure::Interrupted { rest, .. }) => Some(rest),
            Err(_) => return outcome,
        };
        let printed = match self.listing {
            Listing::Json => {
                let mut document = self.document();
                if let Some(rest) = rest {
                    rest.mark(&mut document);
                }
                print_raw(&self.end(&document))
            }
            Listing::Table { limit, values } => {
                let head = rest.map_or_else(String::new, |_| format!("{SO_FAR}\n"));
                let words = self.describe(limit, values);
                print_raw(&format!("{head}{}\n", words.trim_end()))
            }
        };
        // What kept it from its end says more than that this cannot be printed.
        outcome.and_then(|()| Ok(printed?))
    }

    /// How the comparison ended; what differs is not well where that is asked.
    pub(super) fn exit(&self, may_differ: bool) -> Exit {
        if self.unknown.is_empty() {
            Exit::well_if(may_differ || DIFFERS.iter().all(|kind| !self.kinds.contains_key(*kind)))
        } else {
            Exit::UnknownUser
        }
    }

    fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    fn found(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// The document, without the findings.
    fn document(&self) -> Value {
        let mut document = json!({});
        for name in COUNTS {
            document[name] = self.count(name).into();
        }
        if !self.unknown.is_empty() {
            document["unknown"] = self.unknown.clone().into();
        }
        document
    }

    /// The document's text after the last finding.
    fn end(&self, document: &Value) -> String {
        let begin = if self.found() == 0 { BEGIN } else { "" };
        let text = document.to_string();
        let members = text.strip_prefix('{').unwrap_or(&text);
        format!("{begin}],{members}\n")
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
        let rows = self.findings.iter().map(|finding| row(finding, values));
        let listed = table(["USER", "FINDING", "CONTACT", "FIELDS"], rows);
        let more = if self.found() > self.findings.len() as u64 {
            "There are more; --limit lists them."
        } else {
            ""
        };
        format!("{words}\n\n{listed}{more}")
    }
}

/// The document's text before the first finding.
const BEGIN: &str = "{\"findings\":[";

/// Findings of a page within the document, one a line.
fn lines(findings: &[Value], are_first: bool) -> String {
    let mut lines = String::new();
    for (number, finding) in findings.iter().enumerate() {
        let before = match (are_first, number) {
            (true, 0) => BEGIN,
            _ => ",",
        };
        lines = format!("{lines}{before}{finding}\n");
    }
    lines
}

fn meaning(kind: &str) -> &str {
    match kind {
        "changed" => "changed in HubSpot since",
        "gone" => "whose contact is gone",
        "merged" => "whose contact was merged into another one",
        "shared" => "who share a contact, which is not compared",
        "notTold" => "of whose contact HubSpot told nothing",
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
                    field["ours"].as_str().unwrap_or_default(),
                    field["theirs"].as_str().unwrap_or_default()
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
