//! A file, with a write-ahead log that is flushed at every commit. One connection writes; a few others read.

mod open;
mod read;
mod rows;
mod transaction;
mod walk;

pub(super) use open::{examine, migrate, open};
use read::SqliteReader;
use transaction::SqliteWriter;
