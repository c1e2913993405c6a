//! Reads and writes the table `late_writes`.

use contracts::WriteTarget;
use sqlx::SqliteConnection;

use crate::{
    rules::UnixMs,
    store::{
        LateWrite, StoreError,
        columns::{LateWriteColumns, integer},
    },
};

/// Parameters: targets as JSON, now.
const FIND: &str = "SELECT target, user_id, until FROM late_writes \
    WHERE target IN (SELECT value FROM json_each(?1)) AND until > ?2";
/// Parameters: triples of target, user and end as JSON.
const SAVE: &str = "INSERT INTO late_writes (target, user_id, until) \
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true \
    ON CONFLICT (target, user_id) DO UPDATE SET until = excluded.until WHERE until <> excluded.until";
/// Parameters: now, limit.
const DELETE_ENDED: &str = "DELETE FROM late_writes WHERE (target, user_id) IN (SELECT target, user_id \
    FROM late_writes WHERE until <= ?1 ORDER BY until LIMIT ?2)";

/// Looks for late writes to these targets that are still possible.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    targets: &[&WriteTarget],
    now: UnixMs,
) -> Result<Vec<LateWrite>, StoreError> {
    let targets = serde_json::to_string(targets).expect("targets are text");
    let query = sqlx::query_as::<_, LateWriteColumns>(FIND)
        .bind(targets)
        .bind(now);
    let found = query
        .fetch_all(connection)
        .await
        .map_err(StoreError::before_commit)?;
    found.into_iter().map(LateWrite::try_from).collect()
}

/// Inserts late writes, and replaces the ends of those that are stored.
pub(super) async fn save(connection: &mut SqliteConnection, late_writes: &[LateWrite]) -> sqlx::Result<()> {
    let rows: Vec<_> = late_writes
        .iter()
        .map(|one| (&one.target, &one.user_id, one.until))
        .collect();
    let rows = serde_json::to_string(&rows).expect("ids and times are text");
    sqlx::query(SAVE).bind(rows).execute(connection).await.map(drop)
}

/// Deletes late writes that are no longer possible, and returns how many these were.
pub(super) async fn delete_ended(
    connection: &mut SqliteConnection,
    now: UnixMs,
    limit: usize,
) -> sqlx::Result<u64> {
    let query = sqlx::query(DELETE_ENDED).bind(now).bind(integer(limit as u64));
    Ok(query.execute(connection).await?.rows_affected())
}
