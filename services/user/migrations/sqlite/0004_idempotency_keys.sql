-- Idempotency keys, for as long as each is remembered. Keys and changes are SHA-256 hashes.
CREATE TABLE idempotency_keys (
    user_id     TEXT    NOT NULL,
    number      INTEGER NOT NULL,           -- counts the keys of the user
    key_hash    BLOB    NOT NULL,
    version     INTEGER NOT NULL,           -- of the user after the change
    changed     INTEGER NOT NULL,           -- whether the change made that version
    change_hash BLOB    NOT NULL,           -- form and fields of the change
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, number)
) STRICT, WITHOUT ROWID;

-- Not unique: a key that has expired may be used again before its old entry is deleted.
CREATE INDEX idempotency_keys_by_hash ON idempotency_keys (user_id, key_hash);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- The row itself remembers keys, and versions that changed nothing, no longer.
UPDATE users SET ledger = json_remove(ledger, '$.keys', '$.unchanged')
WHERE json_type(ledger, '$.keys') IS NOT NULL OR json_type(ledger, '$.unchanged') IS NOT NULL;
