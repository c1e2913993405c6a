//! The database of a run, gone with it.

use tempfile::TempDir;
use testing::postgres::{Options, PostgresServer};

/// A file, or a server on a cluster of its own with its usual settings.
#[derive(Debug)]
pub enum Disk {
    /// SQLite.
    File(TempDir),
    /// PostgreSQL.
    Server(Box<PostgresServer>),
}

impl Disk {
    /// A new one.
    pub async fn make(on_a_server: bool) -> anyhow::Result<Self> {
        if on_a_server {
            let server = PostgresServer::start(Options::default()).await?;
            Ok(Self::Server(Box::new(server)))
        } else {
            Ok(Self::File(
                tempfile::Builder::new().prefix("hubsync-bench-").tempdir()?,
            ))
        }
    }

    /// Its address, for `USER_DATABASE_URL`.
    pub fn url(&self) -> String {
        match self {
            Self::File(folder) => format!("sqlite:{}", folder.path().join("users.db").display()),
            Self::Server(server) => server.url(),
        }
    }

    /// The server's first process.
    pub fn process_id(&mut self) -> Option<u32> {
        match self {
            Self::File(_) => None,
            Self::Server(server) => server.running().map(|process| process.pid()),
        }
    }
}
