-- Idempotency keys in one tree, ordered by user and hash. A change with a key writes one page of it, where it wrote three.
CREATE TABLE keys_by_hash (
    user_id     TEXT    NOT NULL,
    key_hash    BLOB    NOT NULL,
    version     INTEGER NOT NULL,           -- of the user after the change
    changed     INTEGER NOT NULL,           -- whether the change made that version
    change_hash BLOB    NOT NULL,           -- form and fields of the change
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, key_hash)
) STRICT, WITHOUT ROWID;

-- A key that was used again after it had expired was stored twice. The later entry counts.
INSERT OR REPLACE INTO keys_by_hash
SELECT user_id, key_hash, version, changed, change_hash, expires_at FROM idempotency_keys ORDER BY user_id, number;

DROP TABLE idempotency_keys;
ALTER TABLE keys_by_hash RENAME TO idempotency_keys;
