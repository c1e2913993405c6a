-- Versions, attempts and epochs continue above this number after commits may have been lost; see rules/version_floor.rs.
ALTER TABLE lease ADD COLUMN version_floor INTEGER NOT NULL DEFAULT 0;
-- What tells whether this is the same database as before; none for SQLite.
ALTER TABLE lease ADD COLUMN fingerprint TEXT;
