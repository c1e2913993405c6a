//! A real nats-server: found, fetched if need be, started, stopped, killed, restarted.

mod config;
mod error;
mod fetch;
mod find;
mod ready;
mod server;
mod version;

pub use error::{FindError, NatsServerError};
pub use find::{Finder, NatsBinary, find};
pub use server::{NatsServer, Options};
