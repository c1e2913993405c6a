-- Idempotency keys with a single index, by user and hash, so that a change with a key writes less.

-- A key that was used again after it had expired was stored twice. The later entry counts. Keys stored so far do not count towards
-- the maximum.
DELETE FROM idempotency_keys AS stored USING idempotency_keys AS later
WHERE later.user_id = stored.user_id AND later.key_hash = stored.key_hash AND later.number > stored.number;

DROP INDEX idempotency_keys_by_hash;
DROP INDEX idempotency_keys_by_expiry;
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey;
ALTER TABLE idempotency_keys DROP COLUMN number;
ALTER TABLE idempotency_keys ADD PRIMARY KEY (user_id, key_hash);
