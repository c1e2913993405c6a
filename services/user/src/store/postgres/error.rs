//! Errors of PostgreSQL, told apart by what became of the change.

use std::{io, time::Duration};

use sqlx::error::DatabaseError;

use crate::store::StoreError;

/// What the server may take for a statement at most: longer than its own limit, so that it speaks first, and shorter
/// than callers wait, so that they are told.
const LIMIT: Duration = Duration::from_secs(3);

/// Another transaction has the row, and this one was not to wait, or waited for long enough.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Waits for an answer of the server, but not for ever: a network that swallows packets tells nobody.
pub(super) async fn limited<T>(answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    limited_to(LIMIT, answer).await
}

/// The same, for so long.
pub(super) async fn limited_to<T>(
    limit: Duration,
    answer: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    let too_late = || {
        let message = format!("no answer within {limit:?}");
        sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, message))
    };
    tokio::time::timeout(limit, answer)
        .await
        .unwrap_or_else(|_| Err(too_late()))
}

/// An error before the commit: nothing changed. It is the server's own, or one of what it was asked.
pub(super) fn before_commit(error: sqlx::Error) -> StoreError {
    if is_of_the_server(&error) {
        StoreError::Unavailable(error)
    } else {
        StoreError::NothingChanged(error)
    }
}

/// An error of the commit. Where the server says that it gave the transaction up, nothing changed; in all other cases,
/// a shutdown among them, it may have been written already.
pub(super) fn at_commit(error: sqlx::Error) -> StoreError {
    match class(&error).as_deref() {
        // Integrity, rollback.
        Some("23" | "40") => StoreError::NothingChanged(error),
        _ => StoreError::Unknown(error),
    }
}

pub(super) fn is_contention(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.as_deref() == Some(LOCK_NOT_AVAILABLE)
}

/// Whether anything else would fail as well.
pub(super) fn is_of_the_server(error: &sqlx::Error) -> bool {
    match class(error).as_deref() {
        // Connection, read-only, out of resources, operator.
        Some(class) => matches!(class, "08" | "25" | "53" | "57"),
        None => matches!(
            error,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut
        ),
    }
}

/// Whether the two cannot agree to encrypt, or the server is not known for who it should be: no matter of time.
pub(super) fn is_distrust(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => error.kind() == io::ErrorKind::InvalidData,
        _ => false,
    }
}

/// Whether the server did not answer at all.
pub(super) fn is_silence(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

/// The first two characters of SQLSTATE: PostgreSQL 15, appendix A.
fn class(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code()?;
    code.get(..2).map(str::to_owned)
}
