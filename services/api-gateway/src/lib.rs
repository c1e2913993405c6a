#![doc = include_str!("../README.md")]

mod config;
mod connection;
mod docs;
mod events;
mod finish;
mod hosts;
mod import;
mod lines;
mod listen;
mod own_site;
mod permissions;
mod problem;
mod readiness;
mod request;
mod routes;
mod serve;
mod server;
mod settlements;
mod user_service;
mod verdict;

pub use config::{Config, ENV_FILES, Limits};
pub use hosts::{Hosts, InvalidHosts};
pub use listen::listen;
pub use serve::{ServeError, serve};
