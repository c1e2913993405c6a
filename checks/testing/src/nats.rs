//! Finds or downloads nats-server, and starts, stops, kills and restarts a server or a cluster.

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
pub use find::{DownloadLimits, Finder, NatsBinary, SERVER_VARIABLE, find};
pub use server::{NatsServer, Options};
