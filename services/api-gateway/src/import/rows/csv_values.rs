//! Takes a row of CSV apart into its values. The splitter has checked the quoting before.

use std::fmt;

use contracts::fields::MAX_FIELDS;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::splitter::MAX_ROW_BYTES;

/// How many values a row may have. It is more than there are columns, so that a header with foreign columns can be explained.
const MAX_VALUES: usize = MAX_FIELDS + 61;

/// Reads rows one by one. It keeps its buffers from row to row.
pub(in crate::import) struct CsvValues {
    reader: Reader,
    values: Vec<u8>,
    ends: [usize; MAX_VALUES],
}

/// The row has more values than any valid file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManyValues;

impl TooManyValues {
    pub(super) const LIMIT: usize = MAX_VALUES;
}

impl CsvValues {
    pub(super) fn new() -> Self {
        Self {
            reader: new_reader(),
            // One byte more than a row can have: a reader without room for output does not look at its input.
            values: vec![0; MAX_ROW_BYTES + 1],
            ends: [0; MAX_VALUES],
        }
    }

    /// The values of a row that is not empty, without their quotes. They are not checked to be UTF-8.
    pub(super) fn read(&mut self, row: &[u8]) -> Result<Vec<&[u8]>, TooManyValues> {
        let (mut written, mut count) = (0, 0);
        // The reader needs the line break that ends the row. It cannot end the row earlier: line breaks within the row are
        // within quotes.
        for input in [row, b"\n"] {
            let (result, _, more, ends) =
                self.reader
                    .read_record(input, &mut self.values[written..], &mut self.ends[count..]);
            if result == ReadRecordResult::OutputEndsFull {
                // The reader is in the middle of this row; a new one starts at the next.
                self.reader = new_reader();
                return Err(TooManyValues);
            }
            written += more;
            count += ends;
        }
        let starts = std::iter::once(&0).chain(&self.ends);
        let values = starts.zip(&self.ends[..count]);
        Ok(values.map(|(start, end)| &self.values[*start..*end]).collect())
    }
}

fn new_reader() -> Reader {
    let mut reader = ReaderBuilder::new().terminator(Terminator::Any(b'\n')).build();
    // A new reader drops a byte order mark from its first input. The mark of the file is gone already, and one that comes later
    // belongs to its value, so the reader is given an empty line first.
    reader.read_record(b"\n", &mut [0], &mut [0]);
    reader
}

impl fmt::Debug for CsvValues {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CsvValues").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(csv_values: &mut CsvValues, row: &str) -> Vec<String> {
        let values = csv_values.read(row.as_bytes()).expect("few values");
        values
            .into_iter()
            .map(|value| String::from_utf8(value.to_vec()).expect("text"))
            .collect()
    }

    #[test]
    fn quoted_values_keep_everything_between_their_quotes() {
        let mut csv_values = CsvValues::new();
        for (row, expected) in [
            ("1,a,b", vec!["1", "a", "b"]),
            ("\"1\",\"a\r\n,b\"\"\",\"\"", vec!["1", "a\r\n,b\"", ""]),
            ("\"\"", vec![""]),
            (",", vec!["", ""]),
            ("\"a\"", vec!["a"]),
            (" 1 ,\t", vec![" 1 ", "\t"]),
        ] {
            assert_eq!(values(&mut csv_values, row), expected, "{row:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_within_a_file_is_part_of_its_value() {
        let mut csv_values = CsvValues::new();
        for _ in 0..2 {
            assert_eq!(values(&mut csv_values, "\u{feff}1,a"), ["\u{feff}1", "a"]);
        }
    }

    #[test]
    fn after_a_row_with_too_many_values_the_next_one_is_read() {
        let mut csv_values = CsvValues::new();
        assert_eq!(
            csv_values.read(",".repeat(MAX_VALUES).as_bytes()),
            Err(TooManyValues)
        );
        assert_eq!(values(&mut csv_values, "\u{feff}1,a"), ["\u{feff}1", "a"]);
    }
}
