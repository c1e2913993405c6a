//! The sandbox from outside, over HTTP.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod access;
mod admin;
mod batch_lookups;
mod batch_switches;
mod batches;
mod client;
mod contacts;
mod data_file;
mod effects;
mod faults;
mod identity;
mod limits;
mod lists_and_search;
mod merges;
mod process;
mod values;
