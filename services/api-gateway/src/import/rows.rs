//! The rows of an import: cutting the body into rows, and parsing each.

mod csv_header;
mod csv_values;
mod encoding;
mod ndjson;
mod parser;
mod splitter;

pub(super) use encoding::WrongEncoding;
pub(crate) use parser::ImportFormat;
pub(super) use parser::{ParsedRow, RowParser};
pub(super) use splitter::{Row, RowSplitter};
