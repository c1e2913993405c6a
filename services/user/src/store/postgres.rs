//! A server, for more than one user service and for more users than one machine should hold.
//!
//! Several connections write. Rows are locked when they are loaded: those a transaction begins with in the order of
//! their ids, waiting for whoever has one; all others without waiting. So transactions never wait in a circle.

mod error;
mod open;
mod pooler;
mod read;
mod reading;
mod rows;
mod session;
mod session_settings;
mod transaction;
mod walk;
mod writer;

pub(super) use open::{examine, migrate, open};
use read::PostgresReader;
use transaction::PostgresTransaction;
use writer::PostgresWriter;
