//! The database that a test's user service uses: a file, or, where `TEST_DATABASE` says `postgres`, a server.

use tempfile::TempDir;

use crate::postgres::{Options, PostgresServer};

/// Which database tests use: `sqlite`, as without it, or `postgres`.
const VARIABLE: &str = "TEST_DATABASE";

/// An empty database, gone with this.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    /// The server, where it is one.
    pub server: Option<PostgresServer>,
    _folder: Option<TempDir>,
}

impl TestDatabase {
    /// A file in a folder of its own, or a server of its own.
    ///
    /// # Panics
    ///
    /// Where the variable says something else, and where there is no PostgreSQL, which is said with how to get it.
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

    /// Whether it is a server.
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
