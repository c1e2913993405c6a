-- How a user stands: the worst state of its fields, and why. 0 pending, 1 refused, 2 taken, 3 parked, 4 missing,
-- 5 confirmed, 7 without a field; see store/columns.rs.
ALTER TABLE users ADD COLUMN state BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN reason TEXT COLLATE "C" NOT NULL DEFAULT '';
-- When the oldest change was accepted that is pending.
ALTER TABLE users ADD COLUMN pending_since BIGINT;

WITH states (outcome, number) AS (
    VALUES (NULL, 0), ('refused', 1), ('taken', 2), ('parked', 3), ('missing', 4), ('confirmed', 5)
), fields AS (
    SELECT user_id, number, coalesce(field.value -> 'outcome' -> 'reason' ->> 'code', '') AS code
    FROM users, json_each(ledger::json -> 'fields') AS field, states
    WHERE states.outcome IS NOT DISTINCT FROM field.value -> 'outcome' ->> 'outcome'
), worst AS (
    SELECT DISTINCT ON (user_id) user_id, number, code FROM fields ORDER BY user_id, number
)
UPDATE users SET state = worst.number,
    reason = CASE WHEN worst.number BETWEEN 1 AND 4 THEN worst.code ELSE '' END,
    -- The last change is the best that is known of them.
    pending_since = CASE WHEN worst.number = 0 THEN updated_at END
FROM worst WHERE worst.user_id = users.user_id;

CREATE INDEX users_troubled ON users (state, reason, user_id) WHERE state BETWEEN 1 AND 4;
