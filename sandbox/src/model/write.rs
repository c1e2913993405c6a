//! The record that the account keeps of each write, so that tests can check what arrived.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ContactId, Context, Values};

/// The kind of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteKind {
    /// The contact was created.
    Created,
    /// Some of its properties were written.
    Updated,
    /// The contact was archived.
    Archived,
    /// The contact is the result of a merge.
    Merged,
}

/// A write of one contact, recorded so that tests can check the order of writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Write {
    /// Grows by one with every write in the data set.
    pub sequence: u64,
    /// The contact that was written.
    pub contact: ContactId,
    /// When the write took effect.
    pub at: Timestamp,
    /// The kind of the write.
    pub kind: WriteKind,
    /// The author: `token 1`, `oauth` or `salesperson`.
    pub author: String,
    /// The caller's trace id for this input.
    pub trace_id: Option<String>,
    /// The number of the call in the log of calls; 0 if a salesperson wrote.
    pub call: u64,
    /// The names and values of the request, unchanged.
    pub properties: Values,
}

impl Write {
    pub(crate) fn new(
        context: &Context<'_>,
        contact: ContactId,
        kind: WriteKind,
        properties: &Values,
        trace_id: Option<&str>,
    ) -> Self {
        Self {
            sequence: 0,
            contact,
            at: context.now,
            kind,
            author: context.author.to_owned(),
            trace_id: trace_id.map(str::to_owned),
            call: context.call,
            properties: properties.clone(),
        }
    }
}
