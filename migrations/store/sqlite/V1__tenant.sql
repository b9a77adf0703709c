-- Businesses, their settings, places and people.
CREATE TABLE tenant (
    tenant_id INTEGER NOT NULL PRIMARY KEY CHECK (tenant_id > 0),
    public_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL CHECK (name <> ''),
    created_at_ms INTEGER NOT NULL
) STRICT;

-- One row a tenant: the epoch of its feed, the signing key (sealed), and whether a restore still holds grants back.
CREATE TABLE store_state (
    tenant_id INTEGER NOT NULL PRIMARY KEY REFERENCES tenant (tenant_id),
    epoch INTEGER NOT NULL CHECK (epoch > 0),
    series TEXT NOT NULL CHECK (series <> ''),
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    sealed_key BLOB NOT NULL,
    frozen INTEGER NOT NULL DEFAULT 0 CHECK (frozen IN (0, 1)),
    restored_at_ms INTEGER
) STRICT;

-- A named JSON value: `settings` is the row of the feed, others are the store's own.
CREATE TABLE setting (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    name TEXT NOT NULL CHECK (name <> ''),
    value TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE location (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    location_id TEXT NOT NULL CHECK (location_id <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('shop', 'warehouse')),
    seller TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    PRIMARY KEY (tenant_id, location_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE staff (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    staff_id TEXT NOT NULL CHECK (staff_id <> ''),
    name TEXT NOT NULL CHECK (name <> ''),
    role TEXT NOT NULL CHECK (role IN ('cashier', 'manager', 'admin')),
    pin_hash TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    PRIMARY KEY (tenant_id, staff_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE customer (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    customer_id BLOB NOT NULL,
    name TEXT NOT NULL,
    phone TEXT,
    email TEXT,
    whatsapp TEXT,
    tax_id TEXT,
    created_at_ms INTEGER NOT NULL,
    erased_at_ms INTEGER,
    PRIMARY KEY (tenant_id, customer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_by_phone ON customer (tenant_id, phone) WHERE phone IS NOT NULL;

-- Something that a person must decide: oversold, refunded twice, a number printed twice.
CREATE TABLE exception (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    exception_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind <> ''),
    subject TEXT NOT NULL CHECK (subject <> ''),
    location_id TEXT,
    sku TEXT,
    till_id BLOB,
    document_id BLOB,
    order_id BLOB,
    detail TEXT NOT NULL,
    opened_at_ms INTEGER NOT NULL,
    resolved_at_ms INTEGER,
    resolved_by TEXT,
    resolution TEXT,
    PRIMARY KEY (tenant_id, exception_id),
    CHECK ((resolved_at_ms IS NULL) = (resolved_by IS NULL)),
    CHECK ((resolved_at_ms IS NULL) = (resolution IS NULL))
) STRICT, WITHOUT ROWID;
-- One open exception of a kind about a subject: a second cause adds nothing.
CREATE UNIQUE INDEX exception_open ON exception (tenant_id, kind, subject) WHERE resolved_at_ms IS NULL;
