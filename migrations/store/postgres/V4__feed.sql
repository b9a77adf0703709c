-- What the store tells its tills: the latest version of each key, in one order.
CREATE TABLE feed_head (
    tenant_id BIGINT NOT NULL PRIMARY KEY REFERENCES tenant (tenant_id),
    feed BIGINT NOT NULL CHECK (feed >= 0),
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
    floor BIGINT NOT NULL DEFAULT 0 CHECK (floor >= 0)
);

-- `scope`: empty for all tills, a location, or a till id. `value`: JSON, absent for a deletion.
CREATE TABLE feed_row (
    tenant_id BIGINT NOT NULL REFERENCES tenant (tenant_id),
    key TEXT NOT NULL CHECK (key <> ''),
    feed BIGINT NOT NULL CHECK (feed > 0),
    scope TEXT NOT NULL,
    value TEXT,
    PRIMARY KEY (tenant_id, key)
);
CREATE UNIQUE INDEX feed_row_by_feed ON feed_row (tenant_id, feed);

-- One row a transaction: a cursor is good if it stands here with the same digest.
CREATE TABLE feed_log (
    tenant_id BIGINT NOT NULL REFERENCES tenant (tenant_id),
    feed BIGINT NOT NULL CHECK (feed > 0),
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
    txn UUID NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, feed),
    UNIQUE (tenant_id, txn)
);
CREATE TRIGGER feed_log_append_only BEFORE UPDATE OR DELETE ON feed_log
FOR EACH ROW EXECUTE FUNCTION refuse_change();
