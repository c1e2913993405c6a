//! Reads and writes the table `late_writes`.

use contracts::WriteTarget;
use sqlx::PgConnection;

use super::error::{before_commit, limited};
use crate::{
    rules::UnixMs,
    store::{
        LateWrite, StoreError,
        columns::{LateWriteColumns, integer},
    },
};

/// Parameters: targets, now.
const FIND: &str =
    "SELECT target, user_id, until FROM late_writes WHERE target = ANY ($1::text[]) AND until > $2";
/// Parameters: one array for each column.
const SAVE: &str = "INSERT INTO late_writes AS stored (target, user_id, until) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::int8[]) \
    ON CONFLICT (target, user_id) DO UPDATE SET until = excluded.until WHERE stored.until <> excluded.until";
/// Parameters: now, limit. `MATERIALIZED` makes the server look for the rows once.
const DELETE_ENDED: &str = "WITH ended AS MATERIALIZED (SELECT target, user_id FROM late_writes \
    WHERE until <= $1 ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED) \
    DELETE FROM late_writes AS stored USING ended \
    WHERE stored.target = ended.target AND stored.user_id = ended.user_id";

/// Looks for late writes to these targets that are still possible.
pub(super) async fn find(
    connection: &mut PgConnection,
    targets: &[&WriteTarget],
    now: UnixMs,
) -> Result<Vec<LateWrite>, StoreError> {
    let targets: Vec<&str> = targets.iter().map(|target| target.as_str()).collect();
    let query = sqlx::query_as::<_, LateWriteColumns>(FIND)
        .bind(targets)
        .bind(now);
    let found = limited(query.fetch_all(connection))
        .await
        .map_err(before_commit)?;
    found.into_iter().map(LateWrite::try_from).collect()
}

/// Inserts late writes, and replaces the ends of those that are stored.
pub(super) async fn save(connection: &mut PgConnection, late_writes: &[LateWrite]) -> sqlx::Result<()> {
    let targets: Vec<&str> = late_writes.iter().map(|one| one.target.as_str()).collect();
    let users: Vec<&str> = late_writes.iter().map(|one| one.user_id.as_str()).collect();
    let ends: Vec<UnixMs> = late_writes.iter().map(|one| one.until).collect();
    let query = sqlx::query(SAVE).bind(targets).bind(users).bind(ends);
    limited(query.execute(connection)).await.map(drop)
}

/// Deletes late writes that are no longer possible, and returns how many these were.
pub(super) async fn delete_ended(
    connection: &mut PgConnection,
    now: UnixMs,
    limit: usize,
) -> sqlx::Result<u64> {
    let query = sqlx::query(DELETE_ENDED).bind(now).bind(integer(limit as u64));
    let deleted = limited(query.execute(connection)).await?;
    Ok(deleted.rows_affected())
}
