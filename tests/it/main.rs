//! Tests of the whole system: the built binaries as processes, a real NATS server and database, the sandbox over HTTP.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod api;
mod commands;
mod deliveries;
mod one_command;
mod outages;
mod settings;
mod stack;
