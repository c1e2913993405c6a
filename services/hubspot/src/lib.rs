//! hubspot.

pub mod engine;
