-- The bytes of every entry that a till ever sent, and what stands beside them.
-- `txn` names the transaction that stored a row; feed_log says at which feed number that became visible.
CREATE TABLE journal_entry (
    tenant_id INTEGER NOT NULL,
    till_id BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    entry_id BLOB,
    kind TEXT,
    at_ms INTEGER,
    bytes BLOB NOT NULL,
    prev_hash BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    received_at_ms INTEGER NOT NULL,
    txn BLOB NOT NULL,
    PRIMARY KEY (tenant_id, till_id, incarnation, seq),
    FOREIGN KEY (tenant_id, till_id, incarnation) REFERENCES till_incarnation (tenant_id, till_id, incarnation)
) STRICT;
CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry
BEGIN SELECT RAISE(ABORT, 'journal_entry is append-only'); END;
CREATE TRIGGER journal_entry_no_delete BEFORE DELETE ON journal_entry
BEGIN SELECT RAISE(ABORT, 'journal_entry is append-only'); END;

-- Personal data beside an entry; erasing it breaks no chain.
CREATE TABLE journal_sidecar (
    tenant_id INTEGER NOT NULL,
    till_id BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    text TEXT,
    erased_at_ms INTEGER,
    erased_by TEXT,
    PRIMARY KEY (tenant_id, till_id, incarnation, seq),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq),
    CHECK ((text IS NULL) = (erased_at_ms IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- A second history of a journal: the same numbers with other bytes. Both are kept.
CREATE TABLE journal_branch (
    tenant_id INTEGER NOT NULL,
    till_id BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    branch_no INTEGER NOT NULL CHECK (branch_no > 0),
    from_seq INTEGER NOT NULL CHECK (from_seq > 0),
    through_seq INTEGER NOT NULL,
    through_hash BLOB NOT NULL CHECK (length(through_hash) = 32),
    found_at_ms INTEGER NOT NULL,
    resolved_at_ms INTEGER,
    resolved_by TEXT,
    resolution TEXT,
    PRIMARY KEY (tenant_id, till_id, incarnation, branch_no),
    FOREIGN KEY (tenant_id, till_id, incarnation) REFERENCES till_incarnation (tenant_id, till_id, incarnation)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal_branch_entry (
    tenant_id INTEGER NOT NULL,
    till_id BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    branch_no INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    bytes BLOB NOT NULL,
    prev_hash BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    received_at_ms INTEGER NOT NULL,
    sidecar TEXT,
    PRIMARY KEY (tenant_id, till_id, incarnation, branch_no, seq),
    FOREIGN KEY (tenant_id, till_id, incarnation, branch_no)
        REFERENCES journal_branch (tenant_id, till_id, incarnation, branch_no)
) STRICT;
CREATE TRIGGER journal_branch_entry_no_update BEFORE UPDATE ON journal_branch_entry
BEGIN SELECT RAISE(ABORT, 'journal_branch_entry is append-only'); END;
CREATE TRIGGER journal_branch_entry_no_delete BEFORE DELETE ON journal_branch_entry
BEGIN SELECT RAISE(ABORT, 'journal_branch_entry is append-only'); END;

-- Entries that are stored and acknowledged, but whose effects could not be applied yet.
CREATE TABLE quarantine (
    tenant_id INTEGER NOT NULL,
    till_id BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    code TEXT NOT NULL CHECK (code <> ''),
    detail TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'applied', 'resolved')),
    since_ms INTEGER NOT NULL,
    tried_at_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 1 CHECK (attempts > 0),
    closed_at_ms INTEGER,
    closed_by TEXT,
    note TEXT,
    PRIMARY KEY (tenant_id, till_id, incarnation, seq),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq),
    CHECK ((state = 'open') = (closed_at_ms IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX quarantine_open ON quarantine (tenant_id, since_ms) WHERE state = 'open';

-- What a till said it shows, entered in its journal; the lines are read from the entry's bytes.
CREATE TABLE statement (
    tenant_id INTEGER NOT NULL,
    statement_id BLOB NOT NULL,
    part INTEGER NOT NULL CHECK (part > 0),
    parts INTEGER NOT NULL CHECK (parts >= part),
    till_id BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    location_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    feed INTEGER NOT NULL,
    head_incarnation INTEGER NOT NULL,
    head_seq INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, statement_id, part),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX statement_by_till ON statement (tenant_id, till_id, at_ms);
