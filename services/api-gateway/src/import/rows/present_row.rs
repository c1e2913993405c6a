//! The row that is being read, and its quoting by RFC 4180.

use super::MAX_ROW_BYTES;

/// The row that is being read.
#[derive(Debug)]
pub(super) struct PresentRow {
    pub(super) first_line: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) place: Place,
    /// The line of the latest opening quote.
    pub(super) quote_line: u64,
    pub(super) fault: Option<String>,
}

/// Where in a row of CSV the next byte is. NDJSON stays at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    ValueStart,
    Unquoted,
    Quoted,
    /// After a quote within quotes: it closes the value, or is the first of two that stand for one.
    AfterQuote,
}

impl PresentRow {
    pub(super) fn at(line: u64) -> Self {
        Self {
            first_line: line,
            bytes: Vec::new(),
            place: Place::ValueStart,
            quote_line: 0,
            fault: None,
        }
    }

    /// Follows the quoting. After a fault it goes on as lenient readers do, so that the same rows follow.
    pub(super) fn follow(&mut self, byte: u8, line: u64) {
        self.place = match (self.place, byte) {
            (Place::ValueStart, b'"') => {
                self.quote_line = line;
                Place::Quoted
            }
            (Place::Quoted, b'"') => Place::AfterQuote,
            (Place::Quoted, _) | (Place::AfterQuote, b'"') => Place::Quoted,
            (_, b',') => Place::ValueStart,
            (Place::AfterQuote, _) => {
                self.reject("text follows the quote that closes a value; write a quote within a value twice");
                Place::Unquoted
            }
            (Place::Unquoted, b'"') => {
                self.reject(
                    "a quote is inside a value that does not begin with one; put the value in quotes and write the \
                     quote within it twice",
                );
                Place::Unquoted
            }
            (Place::ValueStart | Place::Unquoted, _) => Place::Unquoted,
        };
    }

    pub(super) fn keep(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > MAX_ROW_BYTES {
            self.reject(&format!("it is longer than {MAX_ROW_BYTES} bytes"));
        }
        if self.fault.is_none() {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// The first fault is told.
    pub(super) fn reject(&mut self, why: &str) {
        self.bytes = Vec::new();
        self.fault.get_or_insert_with(|| why.to_owned());
    }
}
