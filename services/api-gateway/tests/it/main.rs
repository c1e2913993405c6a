//! Tests of the gateway from outside: real HTTP, a real nats-server, and a user service that follows a script.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod binary;
mod document;
mod events;
mod failures;
mod harness;
mod imports;
mod metrics;
mod own_site;
mod pages;
mod problems;
mod readiness;
mod responder;
mod sync;
mod users;
