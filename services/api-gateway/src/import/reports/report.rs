//! The lines of the response: a report for each batch, and a summary at the end.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use contracts::{ImportResult, InvalidValue, MAX_IMPORT_LINES, ServiceError};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::openapi::schema_value;

/// At most this many invalid values of a row are reported. More would not help.
const MAX_ERRORS: usize = 10;
/// How many reasons are kept so that rows can share them. The rows of a file are mostly wrong in the same few ways.
const MAX_SHARED_REASONS: usize = 256;

/// How many rows had which result.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
pub(in crate::import) struct RowCounts {
    /// Rows that gave a new value.
    changed: u64,
    /// Rows whose values were stored already.
    unchanged: u64,
    /// Rows that were not accepted.
    rejected: u64,
}

/// Why a row was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
struct RejectionReason {
    /// The reason, for people.
    detail: String,
    /// The invalid values of the row, at most ten.
    #[schemars(length(max = MAX_ERRORS))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RejectedValue>,
}

/// A value of a row that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
struct RejectedValue {
    /// The JSON pointer to the value.
    pointer: String,
    /// What is wrong, and what would be valid.
    detail: String,
}

/// A rejected row.
#[derive(Debug, Serialize, JsonSchema)]
struct RejectedRow {
    /// The line on which the row begins.
    line: u64,
    /// Why it was rejected.
    #[serde(flatten, serialize_with = "serialize_shared")]
    #[schemars(with = "RejectionReason")]
    reason: Arc<RejectionReason>,
}

/// A report on a batch of rows, which are stored. The counts are those of the batch.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("not" = { "required": ["done"] }))]
pub(in crate::import) struct BatchReport {
    /// The last line of the batch: an import can continue after it.
    through_line: u64,
    /// The results of the rows.
    #[serde(flatten)]
    counts: RowCounts,
    /// The rejected rows.
    #[serde(rename = "rejectedLines", skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<RejectedRow>,
    /// The size of the reasons that are new in this report. Reasons shared with earlier reports are counted there.
    #[serde(skip)]
    reason_bytes: usize,
}

/// The last line of the response. The counts are those of the whole import.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::import) struct ImportSummary {
    /// Whether every row was read.
    pub(in crate::import) done: bool,
    /// The line after which the import can continue with `?after=`.
    pub(in crate::import) through_line: u64,
    /// The results of all rows.
    #[serde(flatten)]
    pub(in crate::import) counts: RowCounts,
    /// Why not every row was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::import) detail: Option<String>,
}

/// The reasons that rows share, so that many rejected rows take little memory.
#[derive(Debug, Default)]
pub(in crate::import) struct SharedReasons(HashSet<Arc<RejectionReason>>);

impl RowCounts {
    pub(in crate::import) fn by_result(self) -> [(&'static str, u64); 3] {
        [
            ("changed", self.changed),
            ("unchanged", self.unchanged),
            ("rejected", self.rejected),
        ]
    }

    pub(in crate::import) fn add(&mut self, other: Self) {
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.rejected += other.rejected;
    }
}

impl BatchReport {
    pub(in crate::import) fn new() -> Self {
        Self {
            through_line: 0,
            counts: RowCounts::default(),
            rejected: Vec::new(),
            reason_bytes: 0,
        }
    }

    pub(in crate::import) fn counts(&self) -> RowCounts {
        self.counts
    }

    /// How many rejected rows the report lists.
    pub(in crate::import) fn rejected_rows(&self) -> usize {
        self.rejected.len()
    }

    /// How many bytes of memory the report takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.rejected.capacity() * size_of::<RejectedRow>() + self.reason_bytes
    }

    /// Completes the report with the last line of its rows.
    pub(in crate::import) fn through(mut self, line: u64) -> Self {
        self.through_line = line;
        // Rows that the gateway rejected come before those that the user service rejected.
        self.rejected.sort_by_key(|row| row.line);
        self.rejected.shrink_to_fit();
        self
    }

    /// Adds the next report to this one, unless both together list more rows than a report may.
    pub(super) fn merge(&mut self, next: Self) -> Result<(), Self> {
        if self.rejected.len() + next.rejected.len() > MAX_IMPORT_LINES {
            return Err(next);
        }
        self.through_line = next.through_line;
        self.counts.add(next.counts);
        self.rejected.extend(next.rejected);
        self.reason_bytes += next.reason_bytes;
        Ok(())
    }

    /// Adds the result of the row that begins on that line.
    pub(in crate::import) fn add(&mut self, line: u64, result: ImportResult, reasons: &mut SharedReasons) {
        match result {
            ImportResult::Changed { .. } => self.counts.changed += 1,
            ImportResult::Unchanged { .. } => self.counts.unchanged += 1,
            ImportResult::Rejected { error } => {
                let ServiceError {
                    message,
                    invalid_values,
                    ..
                } = error;
                self.reject(line, message, invalid_values, reasons);
            }
            ImportResult::Unknown => {
                let message = "the user service is newer than this gateway and answered with a result that it does not know; \
                               read the user to see its values";
                self.reject(line, message.to_owned(), Vec::new(), reasons);
            }
        }
    }

    /// Adds a rejected row.
    pub(in crate::import) fn reject(
        &mut self,
        line: u64,
        detail: String,
        invalid_values: Vec<InvalidValue>,
        reasons: &mut SharedReasons,
    ) {
        self.counts.rejected += 1;
        let errors = invalid_values
            .into_iter()
            .take(MAX_ERRORS)
            .map(|value| RejectedValue {
                pointer: value.pointer,
                detail: value.detail,
            });
        let reason = RejectionReason {
            detail,
            errors: errors.collect(),
        };
        let (reason, bytes) = reasons.share(reason);
        self.reason_bytes += bytes;
        self.rejected.push(RejectedRow { line, reason });
    }
}

impl SharedReasons {
    /// The reason as an earlier row has it. A new reason is kept, and its size returned; otherwise the size is 0.
    fn share(&mut self, reason: RejectionReason) -> (Arc<RejectionReason>, usize) {
        if let Some(known) = self.0.get(&reason) {
            return (Arc::clone(known), 0);
        }
        // A file whose rows are all wrong in different ways must not fill the memory. Rows keep the reasons they have.
        if self.0.len() >= MAX_SHARED_REASONS {
            self.0.clear();
        }
        let bytes = reason.bytes();
        let reason = Arc::new(reason);
        self.0.insert(Arc::clone(&reason));
        (reason, bytes)
    }
}

impl RejectionReason {
    fn bytes(&self) -> usize {
        let errors = self.errors.iter();
        let texts = errors.map(|error| error.pointer.capacity() + error.detail.capacity());
        size_of::<Self>()
            + self.detail.capacity()
            + self.errors.capacity() * size_of::<RejectedValue>()
            + texts.sum::<usize>()
    }
}

fn serialize_shared<S: Serializer>(reason: &Arc<RejectionReason>, serializer: S) -> Result<S::Ok, S::Error> {
    reason.as_ref().serialize(serializer)
}

/// The schema of a line of the response.
pub(crate) fn report_line_schema() -> Value {
    json!({ "oneOf": [schema_value::<BatchReport>(), schema_value::<ImportSummary>()] })
}

/// Encodes a report or a summary as a line of the response.
pub(super) fn encode_line(report: &impl Serialize) -> Bytes {
    let mut line = serde_json::to_vec(report).expect("reports have text keys");
    line.push(b'\n');
    line.into()
}
