//! A real PostgreSQL: throwaway clusters from the programs that are installed.

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
