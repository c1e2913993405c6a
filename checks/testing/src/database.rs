//! The database for a test's user service: a SQLite file, or a PostgreSQL server if `TEST_DATABASE` is `postgres`.

use tempfile::TempDir;

use crate::postgres::{Options, PostgresServer};

/// Selects the database of tests: `sqlite` (default) or `postgres`.
const VARIABLE: &str = "TEST_DATABASE";

/// A new, empty database, which is deleted when this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    /// The server, with PostgreSQL.
    pub server: Option<PostgresServer>,
    _folder: Option<TempDir>,
}

impl TestDatabase {
    /// Makes a file in a new folder, or starts a new server.
    ///
    /// # Panics
    ///
    /// If the variable has another value, or PostgreSQL is not installed. The message says how to install it.
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

    /// The address for `USER_DATABASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }
}
