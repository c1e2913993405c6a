-- What calls named that HubSpot may still apply, for as long as that is possible. Until then no other user writes to the same target.
CREATE TABLE late_writes (
    target  TEXT COLLATE "C" NOT NULL,      -- a contact, or the address of one that may be created
    user_id TEXT COLLATE "C" NOT NULL,      -- whose call it was
    until   BIGINT NOT NULL,
    PRIMARY KEY (target, user_id)
);

CREATE INDEX late_writes_by_end ON late_writes (until);
