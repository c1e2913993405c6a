//! The log of recent calls.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

/// One call of the API and its result.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Grows by one with every call since the start.
    pub number: u64,
    /// When the sandbox received it.
    pub at: Timestamp,
    /// Its HTTP method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// The status of the response; none if the connection was cut.
    pub status: Option<u16>,
    /// The number of inputs of a batch; 0 for other calls.
    pub inputs: usize,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The number of the fault that was injected.
    pub fault: Option<u64>,
}

/// The latest calls. Beyond the maximum the oldest is dropped.
#[derive(Debug)]
pub(crate) struct CallLog {
    calls: VecDeque<Call>,
    kept: usize,
    last_number: u64,
}

impl CallLog {
    pub(crate) fn new(kept: usize) -> Self {
        Self {
            calls: VecDeque::new(),
            kept,
            last_number: 0,
        }
    }

    /// The number for a call that was just received.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(crate) fn push(&mut self, call: Call) {
        while self.calls.len() >= self.kept.max(1) {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    pub(crate) fn clear(&mut self) {
        self.calls.clear();
    }

    /// The calls in the log, oldest first.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.calls.iter()
    }
}
