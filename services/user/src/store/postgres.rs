//! A PostgreSQL server, for several user services and for more users than one machine should hold.
//!
//! Several connections write. A transaction locks the rows that it loads. It waits only for the rows that it begins with,
//! and locks these in the order of their ids; other rows it locks at once or not at all. So no transactions can wait for
//! each other in a circle. One that uses an expired idempotency key again waits for one that deletes it, no longer than
//! `lock_timeout`.

mod error;
mod fields;
mod keys;
mod late_writes;
mod open;
mod reader;
mod rows;
mod scan;
mod session;
mod transaction;
mod writer;

pub(super) use open::{examine, migrate, open, read_fingerprints};
use reader::PostgresReader;
use transaction::PostgresTransaction;
use writer::PostgresWriter;
