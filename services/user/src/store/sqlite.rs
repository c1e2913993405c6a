//! A database file, with a write-ahead log that is flushed at every commit. One connection writes, a few others read.

mod fields;
mod keys;
mod late_writes;
mod open;
mod reader;
mod rows;
mod scan;
mod transaction;

pub(super) use open::{examine, migrate, open};
use reader::SqliteReader;
use transaction::SqliteWriter;
