//! Cuts a body into its rows as it arrives. A row of CSV may span lines; a row of NDJSON is one line.
//!
//! This decides where rows begin and end, and whether their quoting follows RFC 4180. What a row means is left to the parser.

mod present_row;

use bytes::BytesMut;

use present_row::{Place, PresentRow};

use super::encoding::{LONGEST_MARK, WrongEncoding, skip_mark};

/// The longest row: as long as the body of a change may be.
pub(super) const MAX_ROW_BYTES: usize = 16 * 1024;

/// A row and the lines it is written on, counted from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The line on which it begins.
    pub(super) first_line: u64,
    /// The line on which it ends.
    pub(super) last_line: u64,
    /// Without the end of its last line; or why it cannot be read.
    pub(super) bytes: Result<Vec<u8>, String>,
}

/// Cuts rows. It keeps one row and one chunk of the body at most.
#[derive(Debug)]
pub(super) struct Rows {
    /// Whether quotes mean something, as in CSV.
    has_quotes: bool,
    /// What arrived and is not read yet.
    unread: BytesMut,
    /// Whether the start of the body was looked at.
    has_begun: bool,
    /// How rows end; the end of the first row decides.
    row_end: Option<RowEnd>,
    /// A carriage return was read. The next byte shows whether it is the first half of CR LF.
    after_return: bool,
    /// The number of the line of the next byte.
    line: u64,
    /// The number of the line of the byte that was read last; 0 before the first.
    read_line: u64,
    row: PresentRow,
}

/// The byte that ends rows: LF, alone or after CR; or CR alone, as in files of old Macintosh programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowEnd {
    LineFeed,
    Return,
}

/// What was found at the end of a line.
#[derive(Debug, Clone, Copy)]
enum LineEnd {
    LineFeed,
    ReturnLineFeed,
    Return,
}

impl Rows {
    pub(super) fn of_csv() -> Self {
        Self::new(true)
    }

    pub(super) fn of_json() -> Self {
        Self::new(false)
    }

    fn new(has_quotes: bool) -> Self {
        Self {
            has_quotes,
            unread: BytesMut::new(),
            has_begun: false,
            row_end: None,
            after_return: false,
            line: 1,
            read_line: 0,
            row: PresentRow::at(1),
        }
    }

    /// Takes what arrived next.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), WrongEncoding> {
        self.unread.extend_from_slice(chunk);
        // A byte order mark may arrive in parts.
        if !self.has_begun && self.unread.len() >= LONGEST_MARK {
            self.begin()?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), WrongEncoding> {
        self.has_begun = true;
        let mark = skip_mark(&self.unread)?;
        drop(self.unread.split_to(mark));
        Ok(())
    }

    /// The next row of which all has arrived.
    pub(super) fn next(&mut self) -> Option<Row> {
        if !self.has_begun {
            return None;
        }
        let unread = self.unread.split();
        for (index, byte) in unread.iter().enumerate() {
            if let Some((row, is_read)) = self.read(*byte) {
                self.unread = unread;
                drop(self.unread.split_to(index + usize::from(is_read)));
                return Some(row);
            }
        }
        None
    }

    /// Nothing more arrives.
    pub(super) fn finish(&mut self) -> Result<(), WrongEncoding> {
        if self.has_begun { Ok(()) } else { self.begin() }
    }

    /// The last row, which need not end its line; once all has arrived and [`Self::next`] gives no more.
    pub(super) fn last(&mut self) -> Option<Row> {
        if std::mem::take(&mut self.after_return)
            && let Some(row) = self.end_line(LineEnd::Return)
        {
            return Some(row);
        }
        if self.row.place == Place::Quoted {
            let opened = self.row.quote_line;
            self.row.fault = Some(format!(
                "the quote that opens on line {opened} is never closed, so everything after it is part of this row; \
                 write a quote within a value twice"
            ));
        }
        (self.read_line >= self.row.first_line).then(|| self.end_row())
    }

    /// Reads a byte. Where that ends a row, says whether the byte belongs to the end.
    fn read(&mut self, byte: u8) -> Option<(Row, bool)> {
        if std::mem::take(&mut self.after_return) {
            if byte == b'\n' {
                return self.end_line(LineEnd::ReturnLineFeed).map(|row| (row, true));
            }
            if let Some(row) = self.end_line(LineEnd::Return) {
                return Some((row, false));
            }
        }
        match byte {
            b'\r' => self.after_return = true,
            b'\n' => return self.end_line(LineEnd::LineFeed).map(|row| (row, true)),
            _ => {
                self.read_line = self.line;
                if self.has_quotes {
                    self.row.follow(byte, self.line);
                }
                self.row.keep(&[byte]);
            }
        }
        None
    }

    /// Ends a line, and the row with it unless the row goes on.
    fn end_line(&mut self, end: LineEnd) -> Option<Row> {
        self.read_line = self.line;
        if self.row.place == Place::Quoted {
            self.row.keep(end.bytes());
        } else {
            let row_end = *self.row_end.get_or_insert(end.row_end());
            if row_end == end.row_end() {
                return Some(self.end_row());
            }
            // An exporter that does not quote this line break lets a value begin a row. Other readers take it for the end of
            // a row, so the next byte begins a value, but what is on both sides of it is one row, which is rejected.
            self.row.reject(row_end.when_mixed(self.has_quotes));
            self.row.place = Place::ValueStart;
        }
        self.line += 1;
        None
    }

    fn end_row(&mut self) -> Row {
        let last_line = self.read_line;
        self.line = last_line + 1;
        let next = PresentRow::at(self.line);
        let PresentRow {
            first_line,
            bytes,
            fault,
            ..
        } = std::mem::replace(&mut self.row, next);
        Row {
            first_line,
            last_line,
            bytes: fault.map_or(Ok(bytes), Err),
        }
    }
}

impl LineEnd {
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
    /// What is wrong with a line that ends in the other way.
    fn when_mixed(self, has_quotes: bool) -> &'static str {
        match (has_quotes, self) {
            (true, Self::LineFeed) => {
                "a carriage return (CR) without a line feed is outside quotes, but other lines end with a line feed (LF); \
                 put values that hold line breaks in quotes"
            }
            (true, Self::Return) => {
                "a line feed (LF) is outside quotes, but other lines end with a carriage return (CR) alone; put values \
                 that hold line breaks in quotes"
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
