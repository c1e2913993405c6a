//! The values in a row of CSV whose quoting is known to be right.

use std::fmt;

use contracts::Field;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::rows::MAX_ROW_BYTES;

/// More columns than there are names for, so that a header with foreign columns can be explained.
const MAX_CELLS: usize = Field::ALL.len() + 61;

/// Reads rows one by one, with what it takes to do so kept between them.
pub(super) struct Cells {
    reader: Reader,
    values: Vec<u8>,
    ends: [usize; MAX_CELLS],
}

/// The row has more values than any file of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManyCells;

impl TooManyCells {
    pub(super) const LIMIT: usize = MAX_CELLS;
}

impl Cells {
    pub(super) fn new() -> Self {
        Self {
            reader: new_reader(),
            // One byte more, since a reader without room for output does not look at its input.
            values: vec![0; MAX_ROW_BYTES + 1],
            ends: [0; MAX_CELLS],
        }
    }

    /// The values of a row that is not empty, as they are between quotes: not yet checked to be UTF-8.
    pub(super) fn of(&mut self, row: &[u8]) -> Result<Vec<&[u8]>, TooManyCells> {
        let (mut written, mut count) = (0, 0);
        // A line break outside quotes ends the row, and nothing else does: the row's own are within quotes.
        for input in [row, b"\n"] {
            let (result, _, more, ends) =
                self.reader
                    .read_record(input, &mut self.values[written..], &mut self.ends[count..]);
            if result == ReadRecordResult::OutputEndsFull {
                self.reader = new_reader();
                return Err(TooManyCells);
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
    // What it reads first may begin with a byte order mark, which it drops. Within a file that is a part of the first value.
    reader.read_record(b"\n", &mut [0], &mut [0]);
    reader
}

impl fmt::Debug for Cells {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cells").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(cells: &mut Cells, row: &str) -> Vec<String> {
        let values = cells.of(row.as_bytes()).expect("few values");
        values
            .into_iter()
            .map(|value| String::from_utf8(value.to_vec()).expect("text"))
            .collect()
    }

    #[test]
    fn quoted_values_keep_everything_between_their_quotes() {
        let mut cells = Cells::new();
        for (row, expected) in [
            ("1,a,b", vec!["1", "a", "b"]),
            ("\"1\",\"a\r\n,b\"\"\",\"\"", vec!["1", "a\r\n,b\"", ""]),
            ("\"\"", vec![""]),
            (",", vec!["", ""]),
            ("\"a\"", vec!["a"]),
            (" 1 ,\t", vec![" 1 ", "\t"]),
        ] {
            assert_eq!(values(&mut cells, row), expected, "{row:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_within_a_file_is_a_part_of_its_value() {
        let mut cells = Cells::new();
        for _ in 0..2 {
            assert_eq!(values(&mut cells, "\u{feff}1,a"), ["\u{feff}1", "a"]);
        }
    }

    #[test]
    fn after_a_row_with_too_many_values_the_next_one_is_read_as_usual() {
        let mut cells = Cells::new();
        assert_eq!(cells.of(",".repeat(MAX_CELLS).as_bytes()), Err(TooManyCells));
        assert_eq!(values(&mut cells, "\u{feff}1,a"), ["\u{feff}1", "a"]);
    }
}
