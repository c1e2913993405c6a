#![doc = include_str!("../README.md")]

pub mod accepted;
pub mod config;
mod counts;
mod endpoints;
mod keeper;
mod notices;
mod relay;
pub mod room;
pub mod rules;
pub mod service;
pub mod store;
pub mod stream;
mod sweeper;
pub mod time;
pub mod writer;

pub use config::Config;
pub use service::serve;
