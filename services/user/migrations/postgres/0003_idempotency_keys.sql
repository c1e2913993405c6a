-- Idempotency keys, for as long as each is remembered. Keys and changes are SHA-256 hashes.
CREATE TABLE idempotency_keys (
    user_id     TEXT COLLATE "C" NOT NULL,
    number      BIGINT  NOT NULL,           -- counts the keys of the user
    key_hash    BYTEA   NOT NULL,
    version     BIGINT  NOT NULL,           -- of the user after the change
    changed     BOOLEAN NOT NULL,           -- whether the change made that version
    change_hash BYTEA   NOT NULL,           -- form and fields of the change
    expires_at  BIGINT  NOT NULL,
    PRIMARY KEY (user_id, number)
);

-- Not unique: a key that has expired may be used again before its old entry is deleted. So no transaction waits for another one
-- when it adds a key.
CREATE INDEX idempotency_keys_by_hash ON idempotency_keys (user_id, key_hash);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- The row itself remembers keys, and versions that changed nothing, no longer.
UPDATE users SET ledger = (
    SELECT json_object_agg(member.key, member.value)::text FROM json_each(ledger::json) AS member
    WHERE member.key NOT IN ('keys', 'unchanged')
)
WHERE ledger::json -> 'keys' IS NOT NULL OR ledger::json -> 'unchanged' IS NOT NULL;
