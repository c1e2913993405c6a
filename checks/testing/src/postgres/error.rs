//! Errors of PostgreSQL, which say how to install what is missing.

use std::{io, path::PathBuf};

use crate::process::ProcessError;

/// Why a PostgreSQL server does not run.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// PostgreSQL is not installed.
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
    /// The library that changes a program's clock is not installed.
    #[error(
        "libfaketime was not found below /usr/lib; it comes with the package faketime: apt-get install faketime"
    )]
    NoFaketime,
    /// The tests run as root, which PostgreSQL refuses, and there is no user `postgres`.
    #[error(
        "PostgreSQL does not run as root, and there is no user `postgres` to run it as; install it with the system's \
         packages, or run the tests as another user"
    )]
    NoUserToRunAs,
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
        /// The program.
        program: String,
        /// Its output.
        output: String,
    },
    /// No port is free.
    #[error("no port for PostgreSQL: {0}")]
    Port(io::Error),
    /// It did not start, or did not stop; with the end of its log.
    #[error(transparent)]
    Process(#[from] ProcessError),
}
