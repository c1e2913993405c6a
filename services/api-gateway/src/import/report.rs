//! What the caller is told: a line for each batch, and a last one.

use bytes::Bytes;
use contracts::{Fault, ImportOutcome, ServiceError};
use serde::Serialize;

/// More faults of a line than this help nobody.
const MOST_ERRORS: usize = 10;

/// How many lines became what.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Counts {
    /// They gave something new.
    changed: u64,
    /// They gave what was stored.
    unchanged: u64,
    /// They were not accepted.
    refused: u64,
}

/// A line that was not accepted.
#[derive(Debug, Serialize)]
pub(super) struct RefusedLine {
    line: u64,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

/// The lines up to this one are done with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    through_line: u64,
    #[serde(flatten)]
    counts: Counts,
    #[serde(rename = "refusedLines", skip_serializing_if = "Vec::is_empty")]
    lines: Vec<RefusedLine>,
}

/// The last line of the answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    /// Whether every line was read.
    pub(super) done: bool,
    /// Where to go on, if not: with `?after=` this.
    pub(super) through_line: u64,
    #[serde(flatten)]
    pub(super) counts: Counts,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
}

impl Counts {
    pub(super) fn by_outcome(self) -> [(&'static str, u64); 3] {
        [
            ("changed", self.changed),
            ("unchanged", self.unchanged),
            ("refused", self.refused),
        ]
    }

    pub(super) fn add(&mut self, other: Self) {
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.refused += other.refused;
    }
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            through_line: 0,
            counts: Counts::default(),
            lines: Vec::new(),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// How many lines it names.
    pub(super) fn named(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn through(mut self, line: u64) -> Self {
        self.through_line = line;
        self.lines.sort_by_key(|refused| refused.line);
        self
    }

    pub(super) fn outcome(&mut self, line: u64, outcome: ImportOutcome) {
        match outcome {
            ImportOutcome::Changed { .. } => self.counts.changed += 1,
            ImportOutcome::Unchanged { .. } => self.counts.unchanged += 1,
            ImportOutcome::Refused { error } => {
                let ServiceError { message, faults, .. } = error;
                self.refused(line, message, faults);
            }
        }
    }

    pub(super) fn refused(&mut self, line: u64, detail: String, errors: Vec<Fault>) {
        self.counts.refused += 1;
        let errors = errors.into_iter().take(MOST_ERRORS).collect();
        self.lines.push(RefusedLine { line, detail, errors });
    }
}

/// As a line of the answer.
pub(super) fn line_of(report: &impl Serialize) -> Bytes {
    let mut line = serde_json::to_vec(report).expect("reports have text keys");
    line.push(b'\n');
    line.into()
}
