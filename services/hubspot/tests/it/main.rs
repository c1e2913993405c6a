//! The hubspot service on a real nats-server, with the sandbox for HubSpot and the user service on a store in memory.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod account_ids;
mod calls;
mod client;
mod comparisons;
mod delivery;
mod faults;
mod harness;
mod nats;
mod oauth;
mod permissions;
mod process;
mod responses;
mod stopping;
mod user_service;
