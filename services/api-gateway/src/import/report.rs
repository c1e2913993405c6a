//! What the caller is told: a line for each batch, and a last one.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use contracts::{ImportResult, InvalidValue, MAX_IMPORT_LINES, ServiceError};
use serde::{Serialize, Serializer};

/// More faults of a row than this help nobody.
const MAX_ERRORS: usize = 10;
/// Reasons that are kept so that rows can share them: rows of a file are mostly wrong in the same few ways.
const MAX_SHARED_REASONS: usize = 256;

/// How many rows became what.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Counts {
    /// They gave something new.
    changed: u64,
    /// They gave what was stored.
    unchanged: u64,
    /// They were not accepted.
    rejected: u64,
}

/// Why a row was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
struct Reason {
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Error>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
struct Error {
    pointer: String,
    detail: String,
}

/// A row that was not accepted, by the line on which it begins.
#[derive(Debug, Serialize)]
struct RefusedLine {
    line: u64,
    #[serde(flatten, serialize_with = "shared")]
    reason: Arc<Reason>,
}

/// The lines up to this one are done with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    through_line: u64,
    #[serde(flatten)]
    counts: Counts,
    #[serde(rename = "rejectedLines", skip_serializing_if = "Vec::is_empty")]
    lines: Vec<RefusedLine>,
    /// What its own reasons take up; those it shares with earlier reports were counted there.
    #[serde(skip)]
    reason_bytes: usize,
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

/// The reasons that rows share.
#[derive(Debug, Default)]
pub(super) struct Reasons(HashSet<Arc<Reason>>);

impl Counts {
    pub(super) fn by_outcome(self) -> [(&'static str, u64); 3] {
        [
            ("changed", self.changed),
            ("unchanged", self.unchanged),
            ("rejected", self.rejected),
        ]
    }

    pub(super) fn add(&mut self, other: Self) {
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.rejected += other.rejected;
    }
}

impl Report {
    pub(super) fn new() -> Self {
        Self {
            through_line: 0,
            counts: Counts::default(),
            lines: Vec::new(),
            reason_bytes: 0,
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// How many rows it names.
    pub(super) fn named(&self) -> usize {
        self.lines.len()
    }

    /// What it takes up in memory.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.lines.capacity() * size_of::<RefusedLine>() + self.reason_bytes
    }

    pub(super) fn through(mut self, line: u64) -> Self {
        self.through_line = line;
        self.lines.sort_by_key(|refused| refused.line);
        self.lines.shrink_to_fit();
        self
    }

    /// Takes over the report after this one, if both together name no more rows than a report may.
    pub(super) fn merge(&mut self, next: Self) -> Result<(), Self> {
        if self.lines.len() + next.lines.len() > MAX_IMPORT_LINES {
            return Err(next);
        }
        self.through_line = next.through_line;
        self.counts.add(next.counts);
        self.lines.extend(next.lines);
        self.reason_bytes += next.reason_bytes;
        Ok(())
    }

    pub(super) fn outcome(&mut self, line: u64, outcome: ImportResult, reasons: &mut Reasons) {
        match outcome {
            ImportResult::Changed { .. } => self.counts.changed += 1,
            ImportResult::Unchanged { .. } => self.counts.unchanged += 1,
            ImportResult::Rejected { error } => {
                let ServiceError {
                    message,
                    invalid_values: faults,
                    ..
                } = error;
                self.refused(line, message, faults, reasons);
            }
        }
    }

    pub(super) fn refused(
        &mut self,
        line: u64,
        detail: String,
        faults: Vec<InvalidValue>,
        reasons: &mut Reasons,
    ) {
        self.counts.rejected += 1;
        let errors = faults.into_iter().take(MAX_ERRORS).map(|fault| Error {
            pointer: fault.pointer,
            detail: fault.detail,
        });
        let reason = Reason {
            detail,
            errors: errors.collect(),
        };
        let (reason, bytes) = reasons.share(reason);
        self.reason_bytes += bytes;
        self.lines.push(RefusedLine { line, reason });
    }
}

impl Reasons {
    /// The reason as others have it already, and what it takes up if none has.
    fn share(&mut self, reason: Reason) -> (Arc<Reason>, usize) {
        if let Some(known) = self.0.get(&reason) {
            return (Arc::clone(known), 0);
        }
        if self.0.len() >= MAX_SHARED_REASONS {
            self.0.clear();
        }
        let bytes = reason.bytes();
        let reason = Arc::new(reason);
        self.0.insert(Arc::clone(&reason));
        (reason, bytes)
    }
}

impl Reason {
    fn bytes(&self) -> usize {
        let errors = self.errors.iter();
        let texts = errors.map(|error| error.pointer.capacity() + error.detail.capacity());
        size_of::<Self>()
            + self.detail.capacity()
            + self.errors.capacity() * size_of::<Error>()
            + texts.sum::<usize>()
    }
}

fn shared<S: Serializer>(reason: &Arc<Reason>, serializer: S) -> Result<S::Ok, S::Error> {
    reason.as_ref().serialize(serializer)
}

/// As a line of the answer.
pub(super) fn line_of(report: &impl Serialize) -> Bytes {
    let mut line = serde_json::to_vec(report).expect("reports have text keys");
    line.push(b'\n');
    line.into()
}
