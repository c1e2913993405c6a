//! Which database, by its address.

mod session_options;

use std::{fmt, path::PathBuf, str::FromStr};

use sqlx::postgres::PgConnectOptions;

/// A database, as `USER_DATABASE_URL` names it.
#[derive(Clone)]
pub enum Database {
    /// A file: `sqlite:path`.
    Sqlite(PathBuf),
    /// A server: `postgres://user:password@host:port/database?sslmode=verify-full`.
    Postgres(Box<Server>),
}

/// A PostgreSQL server.
#[derive(Clone)]
pub struct Server {
    /// Where it is, and how to log in. Without `options`, which poolers refuse or ignore.
    pub connect: PgConnectOptions,
    /// Settings for each session, from `options` in the address or from `PGOPTIONS`: names and values.
    pub settings: Vec<(String, String)>,
}

/// An address that names no database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must name a database file, such as sqlite:.hubsync/users.db, or a server, such as \
     postgres://user:password@host:5432/hubsync"
)]
pub struct InvalidDatabase;

impl FromStr for Database {
    type Err = InvalidDatabase;

    fn from_str(url: &str) -> Result<Self, InvalidDatabase> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(Box::new(session_options::server(url)?)));
        }
        let path = url.strip_prefix("sqlite:").ok_or(InvalidDatabase)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        // `:memory:` would lose what was accepted.
        if path.is_empty() || path.starts_with(':') {
            return Err(InvalidDatabase);
        }
        Ok(Self::Sqlite(path.into()))
    }
}

/// Without the password.
impl fmt::Display for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "{}", path.display()),
            Self::Postgres(server) => server.fmt(formatter),
        }
    }
}

/// Without the password.
impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connect = &self.connect;
        let name = connect.get_database().unwrap_or(connect.get_username());
        write!(
            formatter,
            "{name} on {}:{}",
            connect.get_host(),
            connect.get_port()
        )
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Database({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_with_and_without_slashes() {
        for url in ["sqlite:/data/users.db", "sqlite:///data/users.db"] {
            let database = url.parse().expect("a usable address");
            assert!(
                matches!(&database, Database::Sqlite(path) if path.as_os_str() == "/data/users.db"),
                "{url}"
            );
        }
    }

    #[test]
    fn a_server_is_shown_without_its_password() {
        let database: Database = "postgres://hubsync:secret@db:6432/users?sslmode=require"
            .parse()
            .expect("a usable address");
        assert_eq!(database.to_string(), "users on db:6432");
        assert!(!format!("{database:?}").contains("secret"));
    }

    #[test]
    fn what_names_no_database_or_one_that_forgets_is_refused() {
        for url in [
            "mysql://x",
            "sqlite:",
            "sqlite::memory:",
            "postgres://:bad:port/x",
            "users.db",
        ] {
            assert_eq!(url.parse::<Database>().err(), Some(InvalidDatabase), "{url}");
        }
    }
}
