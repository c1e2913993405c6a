//! Cuts a body into rows as it arrives. A row of CSV may span lines; a row of NDJSON is one line.
//!
//! The splitter decides where rows begin and end, and whether their quoting follows RFC 4180. What a row means is left to the
//! parser. It reads every byte exactly once and keeps at most one row and one chunk.

mod current_row;

use bytes::BytesMut;

use super::encoding::{MAX_MARK_BYTES, WrongEncoding, byte_order_mark};
use super::parser::ImportFormat;
use current_row::{CurrentRow, QuoteState};

/// How long a row may be: as long as the body of a change.
pub(super) const MAX_ROW_BYTES: usize = 16 * 1024;

/// A row with the lines it is written on, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::import) struct Row {
    /// The line on which the row begins.
    pub(in crate::import) first_line: u64,
    /// The line on which the row ends.
    pub(in crate::import) last_line: u64,
    /// The text of the row without its last line break, or why it cannot be read.
    pub(in crate::import) bytes: Result<Vec<u8>, String>,
}

/// Cuts a body into rows.
#[derive(Debug)]
pub(in crate::import) struct RowSplitter {
    /// Whether quotes have a meaning, as in CSV.
    has_quotes: bool,
    /// Bytes that have arrived and are not read yet.
    unread: BytesMut,
    /// Whether the encoding of the body is checked.
    is_started: bool,
    /// The byte that ends rows in this body. The first line break outside quotes decides.
    row_end: Option<RowEnd>,
    /// A carriage return was read. Only the next byte shows whether it is the first half of CR LF.
    is_after_return: bool,
    /// The line of the next byte.
    line: u64,
    /// The line of the last byte that was read; 0 before the first byte.
    read_line: u64,
    row: CurrentRow,
}

/// The byte that ends rows: LF, alone or after CR; or CR alone, as in files of old Macintosh programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowEnd {
    LineFeed,
    Return,
}

/// A line break as it was found.
#[derive(Debug, Clone, Copy)]
enum LineBreak {
    LineFeed,
    ReturnLineFeed,
    Return,
}

impl RowSplitter {
    pub(in crate::import) fn new(format: ImportFormat) -> Self {
        Self {
            has_quotes: format == ImportFormat::Csv,
            unread: BytesMut::new(),
            is_started: false,
            row_end: None,
            is_after_return: false,
            line: 1,
            read_line: 0,
            row: CurrentRow::at(1),
        }
    }

    /// Adds the next chunk of the body.
    pub(in crate::import) fn push(&mut self, chunk: &[u8]) -> Result<(), WrongEncoding> {
        self.unread.extend_from_slice(chunk);
        // A byte order mark may arrive in parts, so nothing is read before all of it can be there.
        if !self.is_started && self.unread.len() >= MAX_MARK_BYTES {
            self.start()?;
        }
        Ok(())
    }

    /// Checks the encoding and drops the byte order mark.
    fn start(&mut self) -> Result<(), WrongEncoding> {
        self.is_started = true;
        let mark = byte_order_mark(&self.unread)?;
        drop(self.unread.split_to(mark));
        Ok(())
    }

    /// The next row that has arrived completely.
    pub(in crate::import) fn next(&mut self) -> Option<Row> {
        if !self.is_started {
            return None;
        }
        // The bytes are taken out while they are read, since `read` changes the rest of the state. What is left after a row is
        // put back.
        let unread = self.unread.split();
        for (index, byte) in unread.iter().enumerate() {
            if let Some((row, is_consumed)) = self.read(*byte) {
                self.unread = unread;
                drop(self.unread.split_to(index + usize::from(is_consumed)));
                return Some(row);
            }
        }
        None
    }

    /// Says that the body has ended. A body shorter than a byte order mark is checked only now.
    pub(in crate::import) fn finish(&mut self) -> Result<(), WrongEncoding> {
        if self.is_started { Ok(()) } else { self.start() }
    }

    /// The last row, whose line need not end. To be called after [`Self::finish`], when [`Self::next`] gives no more rows.
    pub(in crate::import) fn last(&mut self) -> Option<Row> {
        // A carriage return at the very end is a line break of its own.
        if std::mem::take(&mut self.is_after_return)
            && let Some(row) = self.end_line(LineBreak::Return)
        {
            return Some(row);
        }
        if self.row.quote_state == QuoteState::Quoted {
            let opened = self.row.quote_line;
            // This message replaces any earlier one: everything after the quote is in this row because of it.
            self.row.error = Some(format!(
                "the quote that opens on line {opened} is never closed, so everything after it is part of this row; \
                 write a quote within a value twice"
            ));
        }
        // Nothing was read since the last row ended: there is no further row.
        (self.read_line >= self.row.first_line).then(|| self.end_row())
    }

    /// Reads a byte. Returns the row that it ends, if any, and whether the byte was consumed with that row.
    fn read(&mut self, byte: u8) -> Option<(Row, bool)> {
        // The byte after a carriage return decides which line break that was. If the return alone ends a row, the byte belongs
        // to the next row and is read again.
        if std::mem::take(&mut self.is_after_return) {
            if byte == b'\n' {
                return self.end_line(LineBreak::ReturnLineFeed).map(|row| (row, true));
            }
            if let Some(row) = self.end_line(LineBreak::Return) {
                return Some((row, false));
            }
        }
        match byte {
            b'\r' => self.is_after_return = true,
            b'\n' => return self.end_line(LineBreak::LineFeed).map(|row| (row, true)),
            _ => {
                self.read_line = self.line;
                if self.has_quotes {
                    self.row.follow_quotes(byte, self.line);
                }
                self.row.append(&[byte]);
            }
        }
        None
    }

    /// Ends a line. Returns the row if the row ends with it.
    fn end_line(&mut self, line_break: LineBreak) -> Option<Row> {
        self.read_line = self.line;
        if self.row.quote_state == QuoteState::Quoted {
            // A line break within quotes is part of its value.
            self.row.append(line_break.bytes());
        } else {
            let row_end = *self.row_end.get_or_insert(line_break.row_end());
            if row_end == line_break.row_end() {
                return Some(self.end_row());
            }
            // The other kind of line break outside quotes: some exporters write a value that contains one without quotes. Other
            // readers would start a row here, made of whatever the value says. So both sides are one row, which is rejected. The
            // next byte may open a quote, as it may for those readers.
            self.row.reject(row_end.mixed_line_breaks(self.has_quotes));
            self.row.quote_state = QuoteState::ValueStart;
        }
        self.line += 1;
        None
    }

    fn end_row(&mut self) -> Row {
        let last_line = self.read_line;
        self.line = last_line + 1;
        let next = CurrentRow::at(self.line);
        let CurrentRow {
            first_line,
            bytes,
            error,
            ..
        } = std::mem::replace(&mut self.row, next);
        Row {
            first_line,
            last_line,
            bytes: error.map_or(Ok(bytes), Err),
        }
    }
}

impl LineBreak {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::LineFeed => b"\n",
            Self::ReturnLineFeed => b"\r\n",
            Self::Return => b"\r",
        }
    }

    fn row_end(self) -> RowEnd {
        match self {
            Self::LineFeed | Self::ReturnLineFeed => RowEnd::LineFeed,
            Self::Return => RowEnd::Return,
        }
    }
}

impl RowEnd {
    /// The error of a row that contains the other kind of line break.
    fn mixed_line_breaks(self, has_quotes: bool) -> &'static str {
        match (has_quotes, self) {
            (true, Self::LineFeed) => {
                "a carriage return (CR) without a line feed is outside quotes, but other lines end with a line feed (LF); \
                 put values that contain line breaks in quotes"
            }
            (true, Self::Return) => {
                "a line feed (LF) is outside quotes, but other lines end with a carriage return (CR) alone; put values \
                 that contain line breaks in quotes"
            }
            (false, Self::LineFeed) => {
                "a carriage return (CR) without a line feed is within the line; end lines with a line feed (LF)"
            }
            (false, Self::Return) => {
                "a line feed (LF) is within the line, but other lines end with a carriage return (CR)"
            }
        }
    }
}

#[cfg(test)]
mod tests;
