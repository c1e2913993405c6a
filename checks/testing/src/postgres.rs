//! Temporary PostgreSQL clusters, made with the installed programs.

mod cluster;
mod error;
mod find;
mod owner;
mod pgbouncer;
mod server;
mod standby;
mod tls;

pub use error::PostgresError;
pub use find::{Programs, find_faketime};
pub use pgbouncer::{PgBouncer, PoolerOptions};
pub use server::{Options, PostgresServer};
