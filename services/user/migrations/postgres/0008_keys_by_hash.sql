-- Idempotency keys are found by user and hash alone, so that a change with a key writes less.

-- Until the end no service of the previous version adds a key.
LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE;

-- A key that was used again after it had expired was stored twice. The later entry counts.
DELETE FROM idempotency_keys AS stored USING idempotency_keys AS later
WHERE later.user_id = stored.user_id AND later.key_hash = stored.key_hash AND later.number > stored.number;

ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey;
DROP INDEX idempotency_keys_by_hash;
ALTER TABLE idempotency_keys ADD PRIMARY KEY (user_id, key_hash);

-- Only services of the previous version use the number, while they run beside this one.
ALTER TABLE idempotency_keys ALTER COLUMN number DROP NOT NULL;
