-- One row for each user: its values, what HubSpot has yet to hear of it, and what became of the rest.
-- What SQL searches by is a column; what only the row rules read is in the ledger.
-- Ids are compared byte by byte, so that every transaction locks rows in one order whatever the database's language.
CREATE TABLE users (
    user_id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    version     BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL,           -- milliseconds since 1970, as every time here
    email       TEXT,
    first_name  TEXT,
    last_name   TEXT,
    ledger      TEXT    NOT NULL,           -- JSON; see store/columns.rs
    lane        BIGINT  NOT NULL,           -- 0 live, 1 back-fill
    unsettled   BOOLEAN NOT NULL,           -- whether a field is owed
    due_at      BIGINT,                     -- the earliest of wake-up and doubt's end
    recheck_at  BIGINT,
    open_epoch  BIGINT,                     -- the epoch of the open attempt
    account_id  TEXT,                       -- the linked contact
    contact_id  TEXT
);

CREATE INDEX users_due ON users (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX users_recheck ON users (recheck_at) WHERE recheck_at IS NOT NULL;
CREATE INDEX users_open ON users (open_epoch) WHERE open_epoch IS NOT NULL;
CREATE INDEX users_contact ON users (account_id, contact_id) WHERE contact_id IS NOT NULL;

-- Who may deliver: one row.
CREATE TABLE lease (
    id               BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    holder           TEXT,
    epoch            BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    asked_at         BIGINT,
    stepped_aside_at BIGINT,
    account_id       TEXT,
    paused_since     BIGINT                 -- since when an operator has paused delivery
);

INSERT INTO lease (id, epoch, expires_at) VALUES (1, 0, 0);
