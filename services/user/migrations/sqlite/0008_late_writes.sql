-- What calls named that HubSpot may still apply, for as long as that is possible. Until then no other user writes to the same target.
CREATE TABLE late_writes (
    target  TEXT    NOT NULL,               -- a contact, or the address of one that may be created
    user_id TEXT    NOT NULL,               -- whose call it was
    until   INTEGER NOT NULL,
    PRIMARY KEY (target, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX late_writes_by_end ON late_writes (until);
