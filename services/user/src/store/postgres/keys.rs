//! Reads and writes the table `idempotency_keys`, all keys of a batch in one statement.

use contracts::UserId;
use sqlx::PgConnection;

use super::error::limited;
use crate::{
    rules::{KeyHash, KeyedChange, StoredKey, UnixMs},
    store::{
        KeyCount, KeyPosition, KeysDeleted,
        columns::{KeyColumns, changes_of_keys, integer},
    },
};

/// Parameters: users, keys, now.
const FIND: &str = "SELECT given.position - 1 AS position, version, changed, change_hash, expires_at \
    FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS given (user_id, key_hash, position), \
    LATERAL (SELECT version, changed, change_hash, expires_at FROM idempotency_keys AS same \
    WHERE same.user_id = given.user_id AND same.key_hash = given.key_hash AND same.expires_at > $3 \
    OFFSET 0) AS stored";
/// Parameters: user, now, the latest expiry that counts.
const COUNT: &str = "SELECT count(*), min(expires_at) FROM idempotency_keys \
    WHERE user_id = $1 AND expires_at > $2 AND expires_at <= $3";
/// Parameters: one array for each column.
const SAVE: &str = "INSERT INTO idempotency_keys (user_id, key_hash, version, changed, change_hash, expires_at) \
    SELECT * FROM unnest($1::text[], $2::bytea[], $3::int8[], $4::bool[], $5::bytea[], $6::int8[]) \
    ON CONFLICT (user_id, key_hash) DO UPDATE SET version = excluded.version, changed = excluded.changed, \
    change_hash = excluded.change_hash, expires_at = excluded.expires_at";
/// Parameters: now, limit.
const DELETE_EXPIRED: &str = "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency_keys \
    WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// Looks for keys that have not expired, and returns their changes in the order of the keys.
pub(super) async fn find(
    connection: &mut PgConnection,
    wanted: &[(&UserId, KeyHash)],
    now: UnixMs,
) -> sqlx::Result<Vec<Option<KeyedChange>>> {
    let users: Vec<&str> = wanted.iter().map(|(user, _)| user.as_str()).collect();
    let keys: Vec<&[u8]> = wanted.iter().map(|(_, key)| key.0.as_slice()).collect();
    let query = sqlx::query_as::<_, KeyColumns>(FIND)
        .bind(users)
        .bind(keys)
        .bind(now);
    let found = limited(query.fetch_all(connection)).await?;
    changes_of_keys(wanted.len(), found)
}

/// Counts the keys of a user that expire after now, but not after `latest`.
pub(super) async fn count(
    connection: &mut PgConnection,
    user: &UserId,
    now: UnixMs,
    latest: UnixMs,
) -> sqlx::Result<KeyCount> {
    let query = sqlx::query_as::<_, (i64, Option<UnixMs>)>(COUNT).bind(user.as_str());
    let query = query.bind(now).bind(latest);
    let (keys, oldest_expiry) = limited(query.fetch_one(connection)).await?;
    Ok(KeyCount {
        keys: u64::try_from(keys).unwrap_or(0),
        oldest_expiry,
    })
}

/// Saves the keys that a batch has used.
pub(super) async fn save(connection: &mut PgConnection, keys: &[StoredKey]) -> sqlx::Result<()> {
    let changes = || keys.iter().map(|stored| &stored.change);
    let query = sqlx::query(SAVE)
        .bind(
            keys.iter()
                .map(|stored| stored.user_id.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(
            keys.iter()
                .map(|stored| stored.key.0.as_slice())
                .collect::<Vec<_>>(),
        )
        .bind(
            changes()
                .map(|change| integer(change.version))
                .collect::<Vec<_>>(),
        )
        .bind(changes().map(|change| change.is_changed).collect::<Vec<_>>())
        .bind(
            changes()
                .map(|change| change.hash.0.as_slice())
                .collect::<Vec<_>>(),
        )
        .bind(changes().map(|change| change.expires_at).collect::<Vec<_>>());
    limited(query.execute(connection)).await.map(drop)
}

/// Deletes expired keys, the oldest first. They lie side by side, because keys are stored in the order in which they expire.
pub(super) async fn delete_expired(
    connection: &mut PgConnection,
    now: UnixMs,
    limit: usize,
) -> sqlx::Result<KeysDeleted> {
    let query = sqlx::query(DELETE_EXPIRED).bind(now).bind(integer(limit as u64));
    let deleted = limited(query.execute(connection)).await?.rows_affected();
    let next = (deleted >= limit as u64).then(KeyPosition::default);
    Ok(KeysDeleted { deleted, next })
}
