//! Tests of the whole system: the built binaries as processes, a real NATS server and database, the sandbox over HTTP.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod cluster;
mod commands;
mod csv;
mod delivery;
mod drift;
mod foreign_stream;
mod imports;
mod one_command;
mod order_of_start;
mod overload;
mod overview;
mod restarts;
mod rotation;
mod settings;
mod stack;
mod stopping;
mod validation;
