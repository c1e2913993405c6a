//! What people are told when there is no PostgreSQL, or when it does not start.

use std::{io, path::PathBuf};

use crate::process::ProcessError;

/// Why a PostgreSQL server does not run as it should.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// There is none.
    #[error(
        "no PostgreSQL server was found, neither on the PATH nor below /usr/lib/postgresql; any one of these brings one:\n  \
         apt-get install postgresql\n  \
         dnf install postgresql-server\n  \
         brew install postgresql"
    )]
    NotFound,
    /// PgBouncer is not installed.
    #[error("PgBouncer was not found; it is the package of that name: apt-get install pgbouncer")]
    NoPooler,
    /// The library that shows a program another time is not installed.
    #[error(
        "libfaketime was not found below /usr/lib; it comes with the package faketime: apt-get install faketime"
    )]
    NoFaketime,
    /// It refuses to run as root, and there is nobody else.
    #[error(
        "PostgreSQL does not run as root, and there is no user `postgres` to run it as; install it with the system's \
         packages, or run the tests as another user"
    )]
    NobodyToRunAs,
    /// Its folder cannot be used.
    #[error("cannot use {} for PostgreSQL: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A program that prepares a cluster failed.
    #[error("{program} failed: {output}")]
    Prepare {
        /// Which.
        program: String,
        /// What it said.
        output: String,
    },
    /// No port is free.
    #[error("no port for PostgreSQL: {0}")]
    Port(io::Error),
    /// It did not start, or did not stop; with the end of its log.
    #[error(transparent)]
    Process(#[from] ProcessError),
}
