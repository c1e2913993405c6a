#![doc = include_str!("../README.md")]

mod config;
mod console;
mod events;
mod import;
mod openapi;
mod permissions;
mod readiness;
mod request;
mod response;
mod routes;
mod serve;
mod server;
mod services;

pub use config::{Config, ENV_FILES, Limits};
pub use request::{AllowedHosts, InvalidHosts};
pub use serve::{ServeError, serve};
pub use server::listen;
