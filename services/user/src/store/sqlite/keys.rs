//! Reads and writes the table `idempotency_keys`.
//!
//! Each statement takes all keys of a batch, however many these are, so that it is prepared once. Texts and numbers are given as JSON,
//! hashes as one blob, because JSON has no bytes.

use contracts::UserId;
use sqlx::SqliteConnection;

use crate::{
    rules::{KeyHash, KeyedChange, StoredKey, UnixMs},
    store::{
        KeyCount, KeyPosition, KeysDeleted,
        columns::{KeyColumns, changes_of_keys, integer},
    },
};

/// Parameters: users as JSON, the hashes of the keys, now. `CROSS JOIN` makes SQLite search the table for each given key.
const FIND: &str = "SELECT given.key AS position, version, changed, change_hash, expires_at \
    FROM json_each(?1) AS given CROSS JOIN idempotency_keys AS stored ON stored.user_id = given.value \
    AND stored.key_hash = substr(?2, given.key * 32 + 1, 32) WHERE stored.expires_at > ?3";
/// Parameters: user, now, the latest expiry that counts.
const COUNT: &str = "SELECT count(*), min(expires_at) FROM idempotency_keys \
    WHERE user_id = ?1 AND expires_at > ?2 AND expires_at <= ?3";
/// Parameters: user, version, whether it changed and expiry of each key as JSON; the hashes of key and change, one after the other.
const SAVE: &str = "INSERT OR REPLACE INTO idempotency_keys (user_id, key_hash, version, changed, change_hash, expires_at) \
    SELECT value ->> 0, substr(?2, key * 64 + 1, 32), value ->> 1, value ->> 2, substr(?2, key * 64 + 33, 32), value ->> 3 \
    FROM json_each(?1)";
/// Parameters: user and hash of a position, how many keys to pass over.
const END_OF_PAGE: &str = "SELECT user_id, key_hash FROM idempotency_keys WHERE (user_id, key_hash) > (?1, ?2) \
    ORDER BY user_id, key_hash LIMIT 1 OFFSET ?3";
/// Parameters: user and hash of a position, now, user and hash of the last key of the page.
const DELETE_EXPIRED: &str = "DELETE FROM idempotency_keys WHERE (user_id, key_hash) > (?1, ?2) AND expires_at <= ?3 \
    AND (user_id, key_hash) <= (?4, ?5)";
/// Parameters: user and hash of a position, now.
const DELETE_LAST_EXPIRED: &str =
    "DELETE FROM idempotency_keys WHERE (user_id, key_hash) > (?1, ?2) AND expires_at <= ?3";

/// Looks for keys that have not expired, and returns their changes in the order of the keys.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    wanted: &[(&UserId, KeyHash)],
    now: UnixMs,
) -> sqlx::Result<Vec<Option<KeyedChange>>> {
    let users: Vec<&UserId> = wanted.iter().map(|(user, _)| *user).collect();
    let users = serde_json::to_string(&users).expect("ids are text");
    let hashes: Vec<u8> = wanted.iter().flat_map(|(_, key)| key.0).collect();
    let query = sqlx::query_as::<_, KeyColumns>(FIND).bind(users);
    let found = query.bind(hashes).bind(now).fetch_all(connection).await?;
    changes_of_keys(wanted.len(), found)
}

/// Counts the keys of a user that expire after now, but not after `latest`.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    user: &UserId,
    now: UnixMs,
    latest: UnixMs,
) -> sqlx::Result<KeyCount> {
    let query = sqlx::query_as::<_, (i64, Option<UnixMs>)>(COUNT).bind(user.to_string());
    let (keys, oldest_expiry) = query.bind(now).bind(latest).fetch_one(connection).await?;
    Ok(KeyCount {
        keys: u64::try_from(keys).unwrap_or(0),
        oldest_expiry,
    })
}

/// Saves the keys that a batch has used.
pub(super) async fn save(connection: &mut SqliteConnection, keys: &[StoredKey]) -> sqlx::Result<()> {
    let values = keys.iter().map(|stored| {
        let change = &stored.change;
        (
            &stored.user_id,
            change.version,
            change.is_changed,
            change.expires_at,
        )
    });
    let values = serde_json::to_string(&values.collect::<Vec<_>>()).expect("ids and numbers are JSON");
    let hashes = keys
        .iter()
        .flat_map(|stored| [stored.key.0, stored.change.hash.0]);
    let hashes: Vec<u8> = hashes.flatten().collect();
    let query = sqlx::query(SAVE).bind(values).bind(hashes);
    query.execute(connection).await.map(drop)
}

/// Deletes the expired keys among the next `limit` ones behind a position.
pub(super) async fn delete_expired(
    connection: &mut SqliteConnection,
    after: &KeyPosition,
    now: UnixMs,
    limit: usize,
) -> sqlx::Result<KeysDeleted> {
    let KeyPosition { user_id, key_hash } = after.clone();
    let query = sqlx::query_as::<_, KeyPosition>(END_OF_PAGE)
        .bind(&user_id)
        .bind(&key_hash);
    let query = query.bind(integer(limit.saturating_sub(1) as u64));
    let next = query.fetch_optional(&mut *connection).await?;
    let delete = if next.is_some() {
        DELETE_EXPIRED
    } else {
        DELETE_LAST_EXPIRED
    };
    let mut query = sqlx::query(delete).bind(user_id).bind(key_hash).bind(now);
    if let Some(next) = next.clone() {
        query = query.bind(next.user_id).bind(next.key_hash);
    }
    let deleted = query.execute(connection).await?.rows_affected();
    Ok(KeysDeleted { deleted, next })
}
