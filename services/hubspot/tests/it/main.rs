//! The hubspot service on a real nats-server, with the sandbox for HubSpot and a scripted user service.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod accounts;
mod brokers;
mod calls;
mod client;
mod comparisons;
mod delivery;
mod faults;
mod harness;
mod oauth;
mod outcomes;
mod permissions;
mod process;
mod shutdown;
mod users;
