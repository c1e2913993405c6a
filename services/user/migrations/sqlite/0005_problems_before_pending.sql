-- A problem of one field is no longer hidden by another field that is pending. So far the state of such a user was 0.
CREATE TEMPORARY TABLE problems (outcome TEXT, state INTEGER);
INSERT INTO problems VALUES ('refused', 1), ('taken', 2), ('parked', 3), ('missing', 4);
UPDATE users SET (state, reason) = (worst.state, worst.reason) FROM (
    SELECT * FROM (
        SELECT user_id, problems.state AS state,
            coalesce(json_extract(field.value, '$.outcome.reason.code'), '') AS reason,
            row_number() OVER (PARTITION BY user_id ORDER BY problems.state, field.id) AS place
        FROM users, json_each(ledger, '$.fields') AS field
        JOIN problems ON problems.outcome = json_extract(field.value, '$.outcome.outcome')
        WHERE users.state = 0
    ) WHERE place = 1
) AS worst WHERE worst.user_id = users.user_id;
DROP TABLE problems;
