//! The sandbox from outside, over HTTP.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod access;
mod account_rules;
mod admin;
mod batch_lookups;
mod batch_switches;
mod batches;
mod client;
mod contacts;
mod data_file;
mod effects;
mod erasure;
mod faults;
mod hostile;
mod hostile_values;
mod identity;
mod limits;
mod lists_and_search;
mod merges;
mod messages;
mod oauth;
mod process;
mod search_types;
mod values;
mod wire;
