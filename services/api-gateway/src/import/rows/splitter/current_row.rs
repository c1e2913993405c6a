//! The row that is being read, and the state of its quoting (RFC 4180).

use super::MAX_ROW_BYTES;

/// The row that is being read.
#[derive(Debug)]
pub(super) struct CurrentRow {
    pub(super) first_line: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) quote_state: QuoteState,
    /// The line of the latest opening quote.
    pub(super) quote_line: u64,
    /// Why the row is rejected.
    pub(super) error: Option<String>,
}

/// Where in a row of CSV the next byte is. A row of NDJSON stays at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteState {
    /// At the start of a value.
    ValueStart,
    /// Within a value without quotes.
    Unquoted,
    /// Between the quotes of a value.
    Quoted,
    /// After a quote between quotes: it closes the value, or it is the first of two that mean one.
    AfterQuote,
}

impl CurrentRow {
    pub(super) fn at(line: u64) -> Self {
        Self {
            first_line: line,
            bytes: Vec::new(),
            quote_state: QuoteState::ValueStart,
            quote_line: 0,
            error: None,
        }
    }

    /// Moves the quote state on by a byte. After an error it continues as lenient readers do, so that the next row begins where
    /// those readers see it begin.
    pub(super) fn follow_quotes(&mut self, byte: u8, line: u64) {
        self.quote_state = match (self.quote_state, byte) {
            (QuoteState::ValueStart, b'"') => {
                self.quote_line = line;
                QuoteState::Quoted
            }
            (QuoteState::Quoted, b'"') => QuoteState::AfterQuote,
            (QuoteState::Quoted, _) | (QuoteState::AfterQuote, b'"') => QuoteState::Quoted,
            (_, b',') => QuoteState::ValueStart,
            (QuoteState::AfterQuote, _) => {
                self.reject("text follows the quote that closes a value; write a quote within a value twice");
                QuoteState::Unquoted
            }
            (QuoteState::Unquoted, b'"') => {
                self.reject(
                    "a quote is inside a value that does not begin with one; put the value in quotes and write the \
                     quote within it twice",
                );
                QuoteState::Unquoted
            }
            (QuoteState::ValueStart | QuoteState::Unquoted, _) => QuoteState::Unquoted,
        };
    }

    /// Appends bytes, unless the row is rejected or becomes too long.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > MAX_ROW_BYTES {
            self.reject(&format!("it is longer than {MAX_ROW_BYTES} bytes"));
        }
        if self.error.is_none() {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Rejects the row and frees its bytes. The first error counts.
    pub(super) fn reject(&mut self, why: &str) {
        self.bytes = Vec::new();
        self.error.get_or_insert_with(|| why.to_owned());
    }
}
