//! Users on disk: SQLite with a write-ahead log that is flushed at every commit.
//!
//! One connection writes; a few others read. Each function is one statement, and decisions are left to the rules.

mod error;
mod ledger;
mod open;
mod read;
mod rows;
mod transaction;

pub use error::{StoreError, Unreadable};
pub use open::{OpenError, open};
pub use read::UserReader;
pub use transaction::{Transaction, UserWriter};
