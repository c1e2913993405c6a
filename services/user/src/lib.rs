//! user.
pub mod rules;
mod time;
