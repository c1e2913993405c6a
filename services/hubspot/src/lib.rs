#![doc = include_str!("../README.md")]

pub mod client;
mod comparison;
pub mod config;
pub mod connect;
pub mod engine;
mod serve;
mod worker;

pub use config::{Config, ENV_FILES};
pub use serve::{ServeError, serve};
pub use worker::CHECKS;
