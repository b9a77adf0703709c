-- The journal is the truth; every other table of this part can be made again from it.
-- pos = (order of the incarnation in this ledger) * 2^40 + seq: one integer that grows for ever.

CREATE TABLE incarnation (
    ord         INTEGER PRIMARY KEY,
    incarnation INTEGER NOT NULL UNIQUE CHECK (incarnation > 0),
    series_tag  TEXT    NOT NULL,
    public_key  BLOB    NOT NULL CHECK (length(public_key) = 32)
) STRICT;

CREATE TABLE entry (
    pos       INTEGER PRIMARY KEY,
    prev      BLOB NOT NULL CHECK (length(prev) = 32),
    hash      BLOB NOT NULL CHECK (length(hash) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    bytes     BLOB NOT NULL
) STRICT;

-- Personal data beside an entry; the one thing that may be erased.
CREATE TABLE sidecar (
    pos  INTEGER PRIMARY KEY REFERENCES entry (pos),
    body BLOB NOT NULL
) STRICT;

CREATE TABLE document (
    pos           INTEGER PRIMARY KEY REFERENCES entry (pos),
    id            BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    number        TEXT    NOT NULL UNIQUE,
    series        TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    original      BLOB,
    shift         BLOB,
    issued_at_ms  INTEGER NOT NULL,
    payable_minor INTEGER NOT NULL,
    source        TEXT
) STRICT;
CREATE INDEX document_original ON document (original) WHERE original IS NOT NULL;
CREATE UNIQUE INDEX document_source ON document (source) WHERE source IS NOT NULL;

CREATE TABLE movement (
    pos            INTEGER NOT NULL REFERENCES entry (pos),
    no             INTEGER NOT NULL,
    location       TEXT    NOT NULL,
    sku            TEXT    NOT NULL,
    quantity_milli INTEGER NOT NULL CHECK (quantity_milli <> 0),
    leased_milli   INTEGER NOT NULL,
    reason         TEXT    NOT NULL,
    PRIMARY KEY (pos, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE shift (
    pos         INTEGER PRIMARY KEY REFERENCES entry (pos),
    shift       BLOB NOT NULL UNIQUE,
    day         TEXT NOT NULL,
    fiscal_year TEXT NOT NULL
) STRICT;

CREATE TABLE closing (
    pos   INTEGER PRIMARY KEY REFERENCES entry (pos),
    shift BLOB    NOT NULL UNIQUE,
    z_no  INTEGER NOT NULL UNIQUE CHECK (z_no > 0)
) STRICT;

CREATE TABLE number_series (
    series TEXT PRIMARY KEY,
    last   INTEGER NOT NULL CHECK (last > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE reprint (
    document BLOB    NOT NULL,
    copy_no  INTEGER NOT NULL CHECK (copy_no > 0),
    pos      INTEGER NOT NULL REFERENCES entry (pos),
    PRIMARY KEY (document, copy_no)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry: append-only'); END;
CREATE TRIGGER entry_never_goes BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry: append-only'); END;
CREATE TRIGGER incarnation_never_changes BEFORE UPDATE ON incarnation BEGIN SELECT RAISE(ABORT, 'incarnation: append-only'); END;
CREATE TRIGGER incarnation_never_goes BEFORE DELETE ON incarnation BEGIN SELECT RAISE(ABORT, 'incarnation: append-only'); END;
CREATE TRIGGER document_never_changes BEFORE UPDATE ON document BEGIN SELECT RAISE(ABORT, 'document: append-only'); END;
CREATE TRIGGER document_never_goes BEFORE DELETE ON document BEGIN SELECT RAISE(ABORT, 'document: append-only'); END;
CREATE TRIGGER movement_never_changes BEFORE UPDATE ON movement BEGIN SELECT RAISE(ABORT, 'movement: append-only'); END;
CREATE TRIGGER movement_never_goes BEFORE DELETE ON movement BEGIN SELECT RAISE(ABORT, 'movement: append-only'); END;
CREATE TRIGGER shift_never_changes BEFORE UPDATE ON shift BEGIN SELECT RAISE(ABORT, 'shift: append-only'); END;
CREATE TRIGGER shift_never_goes BEFORE DELETE ON shift BEGIN SELECT RAISE(ABORT, 'shift: append-only'); END;
CREATE TRIGGER closing_never_changes BEFORE UPDATE ON closing BEGIN SELECT RAISE(ABORT, 'closing: append-only'); END;
CREATE TRIGGER closing_never_goes BEFORE DELETE ON closing BEGIN SELECT RAISE(ABORT, 'closing: append-only'); END;

-- State of this till that is no fact of business: who it is, how far it has synced, what lies parked.

CREATE TABLE state (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE parked (
    basket  BLOB PRIMARY KEY,
    at_ms   INTEGER NOT NULL,
    label   TEXT    NOT NULL,
    content TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Requests to the store without an answer yet; resent with their ids.
CREATE TABLE request (
    id            BLOB PRIMARY KEY,
    fields        TEXT    NOT NULL,
    asked_at_ms   INTEGER NOT NULL,
    asked_mono_ms INTEGER NOT NULL,
    asked_boot    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- Entries of this till that the store holds and this ledger lacks, fetched after a restore: read only.
CREATE TABLE fetched_entry (
    incarnation INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    prev        BLOB NOT NULL,
    hash        BLOB NOT NULL,
    signature   BLOB NOT NULL,
    bytes       BLOB NOT NULL,
    PRIMARY KEY (incarnation, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER fetched_entry_never_changes BEFORE UPDATE ON fetched_entry BEGIN SELECT RAISE(ABORT, 'fetched_entry: append-only'); END;
CREATE TRIGGER fetched_entry_never_goes BEFORE DELETE ON fetched_entry BEGIN SELECT RAISE(ABORT, 'fetched_entry: append-only'); END;

-- Heads that the store counter-signed.
CREATE TABLE acknowledgement (
    incarnation INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    hash        BLOB    NOT NULL,
    epoch       INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,
    signature   BLOB    NOT NULL,
    PRIMARY KEY (incarnation, seq)
) STRICT, WITHOUT ROWID;

-- When the original of a document went to paper; further prints are facts and stand in reprint.
CREATE TABLE original_print (
    document BLOB PRIMARY KEY,
    at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (
    request        BLOB PRIMARY KEY,
    fence          INTEGER NOT NULL,
    incarnation    INTEGER NOT NULL,
    location       TEXT    NOT NULL,
    sku            TEXT    NOT NULL,
    quantity_milli INTEGER NOT NULL CHECK (quantity_milli > 0),
    spent_milli    INTEGER NOT NULL DEFAULT 0 CHECK (spent_milli >= 0),
    asked_at_ms    INTEGER NOT NULL,
    asked_mono_ms  INTEGER NOT NULL,
    asked_boot     BLOB    NOT NULL,
    ttl_ms         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Own movements that the last level of their SKU may not contain yet.
CREATE TABLE overlay (
    location       TEXT    NOT NULL,
    sku            TEXT    NOT NULL,
    pos            INTEGER NOT NULL,
    quantity_milli INTEGER NOT NULL,
    leased_milli   INTEGER NOT NULL,
    effect_feed    INTEGER,
    PRIMARY KEY (location, sku, pos)
) STRICT, WITHOUT ROWID;
