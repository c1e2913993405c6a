//! Reads and writes the table `idempotency_keys`.

use contracts::UserId;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::{
    rules::{KeyHash, StoredKey, UnixMs},
    store::{
        FoundKey,
        columns::{KeyColumns, integer},
    },
};

/// The keys of one INSERT. With seven parameters for each they stay well below SQLite's limit of 32,766 parameters.
const KEYS_PER_INSERT: usize = 256;
/// Parameters: users and keys in hexadecimal as JSON, now. After the clock stepped back, a key may be valid twice; then the newer
/// entry counts. The index is named, because otherwise SQLite looks at each key of the user, the newest one first.
const FIND: &str = "SELECT stored.version, stored.changed, stored.change_hash, stored.expires_at, \
    (SELECT max(number) FROM idempotency_keys AS own WHERE own.user_id = given.value ->> 0) AS newest \
    FROM json_each(?1) AS given LEFT JOIN idempotency_keys AS stored ON stored.user_id = given.value ->> 0 \
    AND stored.number = (SELECT max(number) FROM idempotency_keys AS same INDEXED BY idempotency_keys_by_hash \
    WHERE same.user_id = given.value ->> 0 AND same.key_hash = unhex(given.value ->> 1) AND same.expires_at > ?2) ORDER BY given.key";
/// Parameters: user, number.
const EXPIRY: &str = "SELECT expires_at FROM idempotency_keys WHERE user_id = ?1 AND number = ?2";
/// Parameters: now, limit.
const DELETE_EXPIRED: &str = "DELETE FROM idempotency_keys WHERE (user_id, number) IN (SELECT user_id, number \
    FROM idempotency_keys WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

/// Looks for keys that have not expired, in their order.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    wanted: &[(&UserId, KeyHash)],
    now: UnixMs,
) -> sqlx::Result<Vec<FoundKey>> {
    let pairs: Vec<(&str, String)> = wanted
        .iter()
        .map(|(user, key)| (user.as_str(), hexadecimal(key)))
        .collect();
    let pairs = serde_json::to_string(&pairs).expect("ids and digits are text");
    let query = sqlx::query_as::<_, KeyColumns>(FIND).bind(pairs).bind(now);
    let found = query.fetch_all(connection).await?;
    found.into_iter().map(FoundKey::try_from).collect()
}

/// When a key expires.
pub(super) async fn expiry(
    connection: &mut SqliteConnection,
    user: &UserId,
    number: u64,
) -> sqlx::Result<Option<UnixMs>> {
    let query = sqlx::query_scalar(EXPIRY)
        .bind(user.to_string())
        .bind(integer(number));
    query.fetch_optional(connection).await
}

/// Inserts the keys that a batch has used.
pub(super) async fn insert(connection: &mut SqliteConnection, keys: &[StoredKey]) -> sqlx::Result<()> {
    for chunk in keys.chunks(KEYS_PER_INSERT) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO idempotency_keys (user_id, number, key_hash, version, changed, change_hash, expires_at) ",
        );
        insert.push_values(chunk, |mut tuple, key| {
            tuple
                .push_bind(key.user_id.to_string())
                .push_bind(integer(key.number))
                .push_bind(key.key.0.to_vec())
                .push_bind(integer(key.change.version))
                .push_bind(key.change.is_changed)
                .push_bind(key.change.hash.0.to_vec())
                .push_bind(key.change.expires_at);
        });
        // As with rows, only the statement for a single key is used often enough to be kept prepared.
        let query = insert.build().persistent(chunk.len() == 1);
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Deletes expired keys, and returns how many these were.
pub(super) async fn delete_expired(
    connection: &mut SqliteConnection,
    now: UnixMs,
    limit: usize,
) -> sqlx::Result<u64> {
    let query = sqlx::query(DELETE_EXPIRED).bind(now).bind(integer(limit as u64));
    Ok(query.execute(connection).await?.rows_affected())
}

fn hexadecimal(key: &KeyHash) -> String {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16).expect("four bits are one digit");
    key.0
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
