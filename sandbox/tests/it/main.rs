//! The sandbox from outside, over HTTP.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod access;
mod batches;
mod client;
mod contacts;
mod faults;
mod program;
mod properties;
mod requests;
mod search;
