-- What the store tells its tills: the latest version of each key, in one order.
CREATE TABLE feed_head (
    tenant_id INTEGER NOT NULL PRIMARY KEY REFERENCES tenant (tenant_id),
    feed INTEGER NOT NULL CHECK (feed >= 0),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    floor INTEGER NOT NULL DEFAULT 0 CHECK (floor >= 0)
) STRICT;

-- `scope`: empty for all tills, a location, or a till id. `value`: JSON, absent for a deletion.
CREATE TABLE feed_row (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    key TEXT NOT NULL CHECK (key <> ''),
    feed INTEGER NOT NULL CHECK (feed > 0),
    scope TEXT NOT NULL,
    value TEXT,
    PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX feed_row_by_feed ON feed_row (tenant_id, feed);

-- One row a transaction: a cursor is good if it stands here with the same digest.
CREATE TABLE feed_log (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    feed INTEGER NOT NULL CHECK (feed > 0),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    txn BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, feed),
    UNIQUE (tenant_id, txn)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER feed_log_no_update BEFORE UPDATE ON feed_log
BEGIN SELECT RAISE(ABORT, 'feed_log is append-only'); END;
CREATE TRIGGER feed_log_no_delete BEFORE DELETE ON feed_log
BEGIN SELECT RAISE(ABORT, 'feed_log is append-only'); END;
