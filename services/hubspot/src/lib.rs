//! hubspot.

pub mod client;
pub mod engine;
