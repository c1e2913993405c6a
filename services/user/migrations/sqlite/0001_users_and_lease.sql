-- One row for each user: its values, what HubSpot has yet to hear of it, and what became of the rest.
-- What SQL searches by is a column; what only the row rules read is in the ledger.
CREATE TABLE users (
    user_id     TEXT    NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,           -- milliseconds since 1970, as every time here
    email       TEXT,
    first_name  TEXT,
    last_name   TEXT,
    ledger      TEXT    NOT NULL,           -- JSON; see store/ledger.rs
    lane        INTEGER NOT NULL,           -- 0 live, 1 back-fill
    unsettled   INTEGER NOT NULL,           -- whether a field is owed
    due_at      INTEGER,                    -- the earliest of wake-up and doubt's end
    recheck_at  INTEGER,
    open_epoch  INTEGER,                    -- the epoch of the open attempt
    account_id  TEXT,                       -- the linked contact
    contact_id  TEXT
) STRICT;

CREATE INDEX users_due ON users (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX users_recheck ON users (recheck_at) WHERE recheck_at IS NOT NULL;
CREATE INDEX users_open ON users (open_epoch) WHERE open_epoch IS NOT NULL;
CREATE INDEX users_contact ON users (account_id, contact_id) WHERE contact_id IS NOT NULL;

-- Who may deliver: one row.
CREATE TABLE lease (
    id               INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    holder           TEXT,
    epoch            INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    asked_at         INTEGER,
    stepped_aside_at INTEGER,
    account_id       TEXT
) STRICT;

INSERT INTO lease (id, epoch, expires_at) VALUES (1, 0, 0);
