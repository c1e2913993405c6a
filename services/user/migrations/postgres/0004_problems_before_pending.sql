-- A problem of one field is no longer hidden by another field that is pending. So far the state of such a user was 0.
WITH problems (outcome, number) AS (
    VALUES ('refused', 1), ('taken', 2), ('parked', 3), ('missing', 4)
), worst AS (
    SELECT DISTINCT ON (user_id) user_id, number, coalesce(field.value -> 'outcome' -> 'reason' ->> 'code', '') AS code
    FROM users, json_each(ledger::json -> 'fields') WITH ORDINALITY AS field (key, value, place), problems
    WHERE state = 0 AND problems.outcome = field.value -> 'outcome' ->> 'outcome'
    ORDER BY user_id, number, place
)
UPDATE users SET state = worst.number, reason = worst.code FROM worst WHERE worst.user_id = users.user_id;
