//! Reads and writes the table `idempotency_keys`, all keys of a batch in one statement.
//!
//! A transaction that uses an expired key again waits for one that is deleting it. The one that deletes never waits: it skips locked keys.

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
/// Parameters: user and hash of a position, how many keys to pass over.
const END_OF_PAGE: &str = "SELECT user_id, key_hash FROM idempotency_keys WHERE (user_id, key_hash) > ($1, $2) \
    ORDER BY user_id, key_hash LIMIT 1 OFFSET $3";
/// Parameters: user and hash of a position, now, user and hash of the last key of the page.
const DELETE_EXPIRED: &str = "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency_keys \
    WHERE (user_id, key_hash) > ($1, $2) AND expires_at <= $3 AND (user_id, key_hash) <= ($4, $5) FOR UPDATE SKIP LOCKED))";
/// Parameters: user and hash of a position, now.
const DELETE_LAST_EXPIRED: &str = "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency_keys \
    WHERE (user_id, key_hash) > ($1, $2) AND expires_at <= $3 FOR UPDATE SKIP LOCKED))";

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

/// Deletes the expired keys among the next `limit` ones behind a position.
pub(super) async fn delete_expired(
    connection: &mut PgConnection,
    after: &KeyPosition,
    now: UnixMs,
    limit: usize,
) -> sqlx::Result<KeysDeleted> {
    let KeyPosition { user_id, key_hash } = after;
    let query = sqlx::query_as::<_, KeyPosition>(END_OF_PAGE)
        .bind(user_id)
        .bind(key_hash);
    let query = query.bind(integer(limit.saturating_sub(1) as u64));
    let next = limited(query.fetch_optional(&mut *connection)).await?;
    let delete = if next.is_some() {
        DELETE_EXPIRED
    } else {
        DELETE_LAST_EXPIRED
    };
    let mut query = sqlx::query(delete).bind(user_id).bind(key_hash).bind(now);
    if let Some(next) = &next {
        query = query.bind(&next.user_id).bind(&next.key_hash);
    }
    let deleted = limited(query.execute(connection)).await?.rows_affected();
    Ok(KeysDeleted { deleted, next })
}
