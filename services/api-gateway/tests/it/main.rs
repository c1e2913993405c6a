//! Tests of the gateway from outside: real HTTP, a real nats-server, and a user service that follows a script.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod binary;
mod document;
mod events;
mod failures;
mod foreign_requests;
mod harness;
mod imports;
mod metrics;
mod pages;
mod problems;
mod readiness;
mod scripted_user_service;
mod sync;
mod users;
