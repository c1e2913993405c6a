//! The service from outside: over a real nats-server, on a database of its own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod comparisons;
mod contacts;
mod database;
mod delivery;
mod examine_database;
mod foreign_stream;
mod imports;
mod keys;
mod lifecycle;
mod lists_and_summary;
mod lost_commits;
mod operators;
mod other_client;
mod second_tries;
mod side_by_side;
mod stack;
mod store;
mod stores;
mod updates;
mod wake_ups;
