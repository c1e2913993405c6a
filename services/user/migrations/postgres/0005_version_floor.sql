-- Versions, attempts and epochs continue above this number after commits may have been lost; see rules/version_floor.rs.
ALTER TABLE lease ADD COLUMN version_floor BIGINT NOT NULL DEFAULT 0;
-- The server's system identifier and timeline when a writing connection last compared them.
ALTER TABLE lease ADD COLUMN fingerprint TEXT;
