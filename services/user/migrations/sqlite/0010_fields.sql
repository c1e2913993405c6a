-- The set of fields. The latest revision is in use.
CREATE TABLE field_sets (
    revision    INTEGER NOT NULL PRIMARY KEY,
    definitions TEXT    NOT NULL,               -- a JSON array, in the order of the fields
    stored_at   INTEGER NOT NULL
) STRICT;

-- Users that exist already have the fields of earlier versions.
INSERT INTO field_sets
SELECT 1, '[{"name":"email","property":"email","type":"email"},{"name":"firstName","property":"firstname","type":"text","maxChars":255},{"name":"lastName","property":"lastname","type":"text","maxChars":255}]',
    CAST(unixepoch('subsec') * 1000 AS INTEGER)
WHERE EXISTS (SELECT 1 FROM users);
