//! The database that a test uses: a SQLite file, or a PostgreSQL server if `TEST_DATABASE` is `postgres`.

use tempfile::TempDir;

use crate::postgres::{Options, PostgresServer};

/// Names the database that tests use: `sqlite`, which is the default, or `postgres`.
const VARIABLE: &str = "TEST_DATABASE";

/// A database that is empty at first. It is removed when this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    /// The server, if it is PostgreSQL.
    pub server: Option<PostgresServer>,
    _folder: Option<TempDir>,
}

impl TestDatabase {
    /// Creates a file in a folder of its own, or starts a server of its own.
    ///
    /// # Panics
    ///
    /// If the variable names no database, or if PostgreSQL is not installed; the message says how to install it.
    pub async fn fresh() -> Self {
        if Self::is_postgres() {
            let server = PostgresServer::start(Options::default()).await;
            let server = server.unwrap_or_else(|error| panic!("{error}"));
            return Self {
                url: server.url(),
                server: Some(server),
                _folder: None,
            };
        }
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no folder for a database: {error}"));
        Self {
            url: format!("sqlite:{}", folder.path().join("users.db").display()),
            server: None,
            _folder: Some(folder),
        }
    }

    /// Whether tests use PostgreSQL.
    pub fn is_postgres() -> bool {
        match std::env::var(VARIABLE).as_deref() {
            Ok("postgres") => true,
            Ok("sqlite") | Err(_) => false,
            Ok(other) => panic!("{VARIABLE} is {other:?}, but must be sqlite or postgres"),
        }
    }

    /// Its address, for `USER_DATABASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }
}
