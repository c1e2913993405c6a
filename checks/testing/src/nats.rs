//! A real nats-server, or several in a cluster: found, fetched if need be, started, stopped, killed, restarted.

mod cluster;
mod config;
mod error;
mod fetch;
mod find;
mod ready;
mod server;
mod version;

pub use cluster::NatsCluster;
pub use error::{FindError, NatsServerError};
pub use find::{Finder, NatsBinary, Patience, SERVER_VARIABLE, find};
pub use server::{NatsServer, Options};
