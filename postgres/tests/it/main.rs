//! The writers of the user service on a real server.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod desk;
mod outages;
mod plans;
mod settings;
mod takeover;
mod tls;
mod together;
