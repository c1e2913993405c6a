//! The database of a run, which is deleted at its end.

use tempfile::TempDir;
use testing::postgres::{Options, PostgresServer};

/// A SQLite file, or a PostgreSQL server with default settings.
#[derive(Debug)]
pub enum BenchDatabase {
    /// SQLite.
    File(TempDir),
    /// PostgreSQL.
    Server(Box<PostgresServer>),
}

impl BenchDatabase {
    /// Creates a new database.
    pub async fn create(on_a_server: bool) -> anyhow::Result<Self> {
        if on_a_server {
            let server = PostgresServer::start(Options::default()).await?;
            Ok(Self::Server(Box::new(server)))
        } else {
            Ok(Self::File(
                tempfile::Builder::new().prefix("hubsync-bench-").tempdir()?,
            ))
        }
    }

    /// The address for `USER_DATABASE_URL`.
    pub fn url(&self) -> String {
        match self {
            Self::File(folder) => format!("sqlite:{}", folder.path().join("users.db").display()),
            Self::Server(server) => server.url(),
        }
    }

    /// The process id of the server's parent process.
    pub fn process_id(&mut self) -> Option<u32> {
        match self {
            Self::File(_) => None,
            Self::Server(server) => server.running().map(|process| process.pid()),
        }
    }
}
