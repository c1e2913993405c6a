//! Errors of PostgreSQL, sorted by what became of the change.

use std::{io, time::Duration};

use sqlx::error::DatabaseError;

use crate::store::StoreError;

/// How long the server may take for a statement. It is longer than the server's own limit, so that the server's error
/// comes first, and shorter than callers wait, so that they get an answer.
const LIMIT: Duration = Duration::from_secs(3);

/// SQLSTATE: another transaction holds the row, and this one does not wait, or has waited for as long as it may.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Waits for an answer of the server, up to a limit: a network that drops packets gives no error.
pub(super) async fn limited<T>(answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    limited_to(LIMIT, answer).await
}

/// Waits for an answer of the server, up to this limit.
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

/// An error before the commit: nothing changed. Either the server is the cause, or the statement.
pub(super) fn before_commit(error: sqlx::Error) -> StoreError {
    if is_of_the_server(&error) {
        StoreError::unavailable(error)
    } else {
        StoreError::before_commit(error)
    }
}

/// An error of the commit. Where the server says that it rolled the transaction back, nothing changed. In all other
/// cases, including a shutdown of the server, the commit may have been written already.
pub(super) fn at_commit(error: sqlx::Error) -> StoreError {
    match class(&error).as_deref() {
        // Integrity constraint violation, transaction rollback.
        Some("23" | "40") => StoreError::before_commit(error),
        _ => StoreError::unknown(error),
    }
}

/// Whether another transaction holds a row.
pub(super) fn is_contention(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.as_deref() == Some(LOCK_NOT_AVAILABLE)
}

/// Whether other statements would fail as well.
pub(super) fn is_of_the_server(error: &sqlx::Error) -> bool {
    match class(error).as_deref() {
        // Connection exception, invalid transaction state (read-only), insufficient resources, operator intervention.
        Some(class) => matches!(class, "08" | "25" | "53" | "57"),
        None => matches!(
            error,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut
        ),
    }
}

/// Whether client and server cannot agree on encryption, or the server's certificate is not trusted. Another try does not
/// help.
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
