#![doc = include_str!("../README.md")]

pub mod commit;
pub mod config;
pub mod field_changes;
pub mod field_file;
mod field_set;
pub mod operations;
pub mod relay;
pub mod rules;
pub mod service;
pub mod store;
pub mod time;

pub use config::Config;
pub use service::{run, serve};
