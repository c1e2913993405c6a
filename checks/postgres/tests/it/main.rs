//! The writers of the user service on a real server.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod apart;
mod clocks;
mod desk;
mod flood;
mod links;
mod outages;
mod plans;
mod poolers;
mod settings;
mod takeover;
mod tls;
mod together;
