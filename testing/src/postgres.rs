//! A real PostgreSQL: throwaway clusters from the programs that are installed.

mod cluster;
mod error;
mod find;
mod owner;
mod server;
mod standby;
mod tls;

pub use error::PostgresError;
pub use find::Programs;
pub use server::{Options, PostgresServer};
