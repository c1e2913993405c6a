//! Which server a session has: its system identifier and its timeline. Another server that takes over may have lost commits.

use sqlx::{PgConnection, raw_sql};

use super::super::error::limited;
use crate::store::DatabaseIdentity;

/// Differs between servers that were set up independently. Every role may call the function unless that was revoked.
const SYSTEM: &str = "SELECT system_identifier::text FROM pg_control_system()";
/// The timeline is the first part of the name of the write-ahead log's current file. It changes with each promotion of a standby and
/// each recovery to a point in time, and at once: `pg_control_checkpoint()` shows the former timeline until the next checkpoint.
const TIMELINE: &str = "SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)";
/// Stands for the part that the server does not tell.
const UNKNOWN: &str = "?";

/// Reads the identity of the server, in a transaction. There is no fingerprint if the server does not tell the timeline, because only that
/// shows a fail-over.
pub(super) async fn read_identity(connection: &mut PgConnection) -> sqlx::Result<DatabaseIdentity> {
    let timeline = ask(connection, TIMELINE).await?;
    let system = ask(connection, SYSTEM).await?;
    let fingerprint = timeline.map(|timeline| {
        let system = system.as_deref().unwrap_or(UNKNOWN);
        format!("{system}/{timeline}")
    });
    Ok(DatabaseIdentity { fingerprint })
}

/// The answer of the server; none if it refuses. The transaction goes on in any case.
async fn ask(connection: &mut PgConnection, question: &'static str) -> sqlx::Result<Option<String>> {
    limited(raw_sql("SAVEPOINT identity").execute(&mut *connection)).await?;
    let answer = limited(sqlx::query_scalar(question).fetch_one(&mut *connection)).await;
    let answer = match answer {
        Ok(answer) => Some(answer),
        Err(sqlx::Error::Database(error)) => {
            tracing::debug!(%error, question, "the server does not tell which server it is");
            limited(raw_sql("ROLLBACK TO SAVEPOINT identity").execute(&mut *connection)).await?;
            None
        }
        Err(error) => return Err(error),
    };
    limited(raw_sql("RELEASE SAVEPOINT identity").execute(&mut *connection)).await?;
    Ok(answer)
}
