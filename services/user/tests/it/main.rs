//! The service from outside: over a real nats-server, on a database file of its own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod announcements;
mod beside;
mod comparisons;
mod database;
mod delivery;
mod examination;
mod foreign_stream;
mod imports;
mod lifecycle;
mod operators;
mod overview;
mod side_by_side;
mod stack;
mod store;
mod stores;
mod updates;
