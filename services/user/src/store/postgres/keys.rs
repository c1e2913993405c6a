//! Reads and writes the table `idempotency_keys`, all keys of a batch in one statement.

use contracts::UserId;
use sqlx::PgConnection;

use super::error::limited;
use crate::{
    rules::{KeyHash, StoredKey, UnixMs},
    store::{
        FoundKey,
        columns::{KeyColumns, integer},
    },
};

/// Parameters: users, keys, now. After the clock stepped back, a key may be valid twice; then the newer entry counts.
const FIND: &str = "SELECT stored.*, \
    (SELECT max(number) FROM idempotency_keys AS own WHERE own.user_id = given.user_id) AS newest \
    FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS given (user_id, key_hash, position) \
    LEFT JOIN LATERAL (SELECT version, changed, change_hash, expires_at FROM idempotency_keys AS same \
    WHERE same.user_id = given.user_id AND same.key_hash = given.key_hash AND same.expires_at > $3 \
    ORDER BY number DESC LIMIT 1) AS stored ON true ORDER BY given.position";
/// Parameters: user, number.
const EXPIRY: &str = "SELECT expires_at FROM idempotency_keys WHERE user_id = $1 AND number = $2";
/// Parameters: one array for each column.
const INSERT: &str = "INSERT INTO idempotency_keys \
    (user_id, number, key_hash, version, changed, change_hash, expires_at) \
    SELECT * FROM unnest($1::text[], $2::int8[], $3::bytea[], $4::int8[], $5::bool[], $6::bytea[], $7::int8[])";
/// Parameters: now, limit. `MATERIALIZED` makes the server look for the keys once.
const DELETE_EXPIRED: &str = "WITH expired AS MATERIALIZED (SELECT user_id, number FROM idempotency_keys \
    WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) \
    DELETE FROM idempotency_keys AS stored USING expired \
    WHERE stored.user_id = expired.user_id AND stored.number = expired.number";

/// Looks for keys that have not expired, in their order.
pub(super) async fn find(
    connection: &mut PgConnection,
    wanted: &[(&UserId, KeyHash)],
    now: UnixMs,
) -> sqlx::Result<Vec<FoundKey>> {
    let users: Vec<&str> = wanted.iter().map(|(user, _)| user.as_str()).collect();
    let keys: Vec<&[u8]> = wanted.iter().map(|(_, key)| key.0.as_slice()).collect();
    let query = sqlx::query_as::<_, KeyColumns>(FIND)
        .bind(users)
        .bind(keys)
        .bind(now);
    let found = limited(query.fetch_all(connection)).await?;
    found.into_iter().map(FoundKey::try_from).collect()
}

/// When a key expires.
pub(super) async fn expiry(
    connection: &mut PgConnection,
    user: &UserId,
    number: u64,
) -> sqlx::Result<Option<UnixMs>> {
    let query = sqlx::query_scalar(EXPIRY)
        .bind(user.as_str())
        .bind(integer(number));
    limited(query.fetch_optional(connection)).await
}

/// Inserts the keys that a batch has used.
pub(super) async fn insert(connection: &mut PgConnection, keys: &[StoredKey]) -> sqlx::Result<()> {
    let query = sqlx::query(INSERT)
        .bind(keys.iter().map(|key| key.user_id.as_str()).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| integer(key.number)).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.key.0.as_slice()).collect::<Vec<_>>())
        .bind(
            keys.iter()
                .map(|key| integer(key.change.version))
                .collect::<Vec<_>>(),
        )
        .bind(keys.iter().map(|key| key.change.is_changed).collect::<Vec<_>>())
        .bind(
            keys.iter()
                .map(|key| key.change.hash.0.as_slice())
                .collect::<Vec<_>>(),
        )
        .bind(keys.iter().map(|key| key.change.expires_at).collect::<Vec<_>>());
    limited(query.execute(connection)).await.map(drop)
}

/// Deletes expired keys, and returns how many these were.
pub(super) async fn delete_expired(
    connection: &mut PgConnection,
    now: UnixMs,
    limit: usize,
) -> sqlx::Result<u64> {
    let query = sqlx::query(DELETE_EXPIRED).bind(now).bind(integer(limit as u64));
    let deleted = limited(query.execute(connection)).await?;
    Ok(deleted.rows_affected())
}
