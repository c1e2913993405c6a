//! The values in a line of CSV.

use std::fmt;

use contracts::Field;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::lines::MAX_LINE_BYTES;

/// More columns than there are names for, so that their names can be told.
const MOST_CELLS: usize = Field::ALL.len() + 8;

/// Reads lines one by one, with what it takes to do so kept between them.
pub(super) struct Cells {
    reader: Reader,
    values: Vec<u8>,
    ends: [usize; MOST_CELLS],
}

impl Cells {
    pub(super) fn new() -> Self {
        Self {
            // Lines are cut already; a carriage return within one is a part of its value, which no value may have.
            reader: ReaderBuilder::new().terminator(Terminator::Any(b'\n')).build(),
            values: vec![0; MAX_LINE_BYTES],
            ends: [0; MOST_CELLS],
        }
    }

    /// The values of a line.
    pub(super) fn of(&mut self, line: &[u8]) -> Result<Vec<String>, String> {
        // A quote that does not end would take what follows for its value, and a line break within a value is not told
        // from one.
        if line.iter().fold(false, |open, byte| open ^ (*byte == b'"')) {
            return Err("has a quote without its end; values hold no line breaks".to_owned());
        }
        self.reader.reset();
        let (mut written, mut count) = (0, 0);
        // The end of the input is told by an empty one.
        for input in [line, &[]] {
            let (result, _, more, ends) =
                self.reader
                    .read_record(input, &mut self.values[written..], &mut self.ends[count..]);
            if result == ReadRecordResult::OutputEndsFull {
                return Err("has more values than there are columns".to_owned());
            }
            written += more;
            count += ends;
        }
        self.texts(count)
    }

    fn texts(&self, count: usize) -> Result<Vec<String>, String> {
        let starts = std::iter::once(&0).chain(&self.ends);
        let text = |(start, end): (&usize, &usize)| {
            let bytes = self.values[*start..*end].to_vec();
            String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
        };
        starts.zip(&self.ends[..count]).map(text).collect()
    }
}

impl fmt::Debug for Cells {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cells").finish_non_exhaustive()
    }
}
