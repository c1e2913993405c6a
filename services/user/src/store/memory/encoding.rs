//! Which rows are encoded as databases store them.

use super::tables::StoredRow;
use crate::rules::Row;

/// Which of the rows that are saved are encoded as databases store them. To encode a row and decode it again takes most of the
/// time of a transaction in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowEncoding {
    /// All of them.
    #[default]
    All,
    /// One of this many. The others are kept as they were saved. The one that is encoded has to be the same when it is decoded:
    /// otherwise the save panics, since a rule may rely on what is lost.
    OneIn(u32),
}

/// Applies the choice.
#[derive(Debug, Default)]
pub(super) struct Encoding {
    rows: RowEncoding,
    saved: u32,
}

impl Encoding {
    pub(super) fn new(rows: RowEncoding) -> Self {
        Self { rows, saved: 0 }
    }

    /// The row in the form in which it is kept.
    pub(super) fn stored(&mut self, row: &Row) -> StoredRow {
        let RowEncoding::OneIn(count) = self.rows else {
            return StoredRow::encode(row);
        };
        self.saved = self.saved.wrapping_add(1);
        if !self.saved.is_multiple_of(count) {
            return StoredRow::keep(row);
        }
        let encoded = StoredRow::encode(row);
        let decoded = encoded.decode();
        assert!(
            decoded.as_ref().is_ok_and(|decoded| decoded == row),
            "a row is stored as {decoded:?} instead of {row:?}"
        );
        encoded
    }
}
