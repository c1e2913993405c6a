-- How a user stands: the worst state of its fields, and why. 0 pending, 1 refused, 2 taken, 3 parked, 4 missing,
-- 5 confirmed, 7 without a field; see store/columns.rs.
ALTER TABLE users ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN reason TEXT NOT NULL DEFAULT '';
-- When the oldest change was accepted that is pending.
ALTER TABLE users ADD COLUMN pending_since INTEGER;

CREATE TEMPORARY TABLE states (outcome TEXT, state INTEGER);
INSERT INTO states VALUES (NULL, 0), ('refused', 1), ('taken', 2), ('parked', 3), ('missing', 4), ('confirmed', 5);
UPDATE users SET state = coalesce((
    SELECT min(states.state) FROM json_each(ledger, '$.fields') AS field
    JOIN states ON states.outcome IS json_extract(field.value, '$.outcome.outcome')
), 7);
UPDATE users SET reason = coalesce((
    SELECT json_extract(field.value, '$.outcome.reason.code') FROM json_each(ledger, '$.fields') AS field
    JOIN states ON states.outcome IS json_extract(field.value, '$.outcome.outcome')
    WHERE states.state = users.state LIMIT 1
), '') WHERE state BETWEEN 1 AND 4;
-- The last change is the best that is known of them.
UPDATE users SET pending_since = updated_at WHERE state = 0;
DROP TABLE states;

CREATE INDEX users_troubled ON users (state, reason, user_id) WHERE state BETWEEN 1 AND 4;
