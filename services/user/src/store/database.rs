//! Which database to use, by its address.

mod session_options;

use std::{fmt, path::PathBuf, str::FromStr};

use sqlx::postgres::PgConnectOptions;
use url::Url;

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
    /// The server's address and how to log in, without `options`, which poolers refuse or ignore.
    pub connect: PgConnectOptions,
    /// Settings for each session, from `options` in the address or from `PGOPTIONS`: names and values.
    pub settings: Vec<(String, String)>,
}

/// Why an address names no database. The address may contain a password, so no error quotes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabase {
    /// The address cannot be parsed.
    #[error(
        "must name a database file, such as sqlite:.hubsync/users.db, or a server, such as \
         postgres://user:password@host:5432/hubsync; in a user or password every character of :/?#[]@ must be \
         percent-encoded"
    )]
    Address,
    /// A parameter does not exist. sqlx would ignore it and log its value.
    #[error("parameter {position} of the address does not exist; use one of {}", PARAMETERS.join(", "))]
    Parameter {
        /// The position of the parameter in the address, from 1.
        position: usize,
    },
}

/// The parameters of a server's address.
const PARAMETERS: [&str; 13] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];
/// Other spellings of these parameters that sqlx accepts.
const ALIASES: [&str; 5] = ["ssl-ca", "ssl-cert", "ssl-key", "ssl-mode", "ssl-root-cert"];

impl FromStr for Database {
    type Err = InvalidDatabase;

    fn from_str(url: &str) -> Result<Self, InvalidDatabase> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            check_server(url)?;
            return Ok(Self::Postgres(Box::new(session_options::server(url)?)));
        }
        let path = url.strip_prefix("sqlite:").ok_or(InvalidDatabase::Address)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        // SQLite would keep `:memory:` in memory and lose accepted changes.
        if path.is_empty() || path.starts_with(':') {
            return Err(InvalidDatabase::Address);
        }
        Ok(Self::Sqlite(path.into()))
    }
}

fn check_server(url: &str) -> Result<(), InvalidDatabase> {
    let url = Url::parse(url).map_err(|_| InvalidDatabase::Address)?;
    // If a password contains a slash, its rest would become a part of the database's name, which is logged.
    if url.path().contains(['@', ':']) || url.fragment().is_some() {
        return Err(InvalidDatabase::Address);
    }
    let known =
        |name: &str| PARAMETERS.contains(&name) || ALIASES.contains(&name) || name.starts_with("options[");
    let unknown = url.query_pairs().position(|(name, _)| !known(&name));
    unknown.map_or(Ok(()), |index| {
        Err(InvalidDatabase::Parameter { position: index + 1 })
    })
}

/// Shows the address without the password.
impl fmt::Display for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "{}", path.display()),
            Self::Postgres(server) => server.fmt(formatter),
        }
    }
}

/// Shows the address without the password.
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
    fn an_address_without_a_durable_database_is_refused() {
        for url in [
            "mysql://x",
            "sqlite:",
            "sqlite::memory:",
            "memory:",
            "memory",
            "postgres://:bad:port/x",
            "users.db",
            "postgres://me:12/hunter2@host/x",
            "postgres://me:hun#ter2@host/x",
            "postgres://me:hun?ter2@host/x",
        ] {
            let error = url.parse::<Database>().expect_err(url);
            assert!(!error.to_string().contains("ter2"), "{error}");
        }
    }

    #[test]
    fn an_unknown_parameter_is_refused_and_not_quoted() {
        for parameters in [
            "sslmod=require",
            "sslmode=require&sslpassword=hunter2",
            "hunter2",
            "pasword=hunter2",
        ] {
            let url = format!("postgres://host/x?{parameters}");
            let error = url.parse::<Database>().expect_err(&url);
            let position = parameters.split('&').count();
            assert_eq!(error, InvalidDatabase::Parameter { position });
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        for parameters in [
            "password=hunter2&user=me&sslmode=require",
            "options=-c%20jit%3Doff",
            "options[jit]=off",
        ] {
            let database: Database = format!("postgres://host/x?{parameters}")
                .parse()
                .expect(parameters);
            assert!(!format!("{database} {database:?}").contains("hunter2"));
        }
    }
}
