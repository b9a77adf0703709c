-- The bytes of every entry that a till ever sent, and what stands beside them.
-- `txn` names the transaction that stored a row; feed_log says at which feed number that became visible.
CREATE TABLE journal_entry (
    tenant_id BIGINT NOT NULL,
    till_id UUID NOT NULL,
    incarnation BIGINT NOT NULL,
    seq BIGINT NOT NULL CHECK (seq > 0),
    entry_id UUID,
    kind TEXT,
    at_ms BIGINT,
    bytes BYTEA NOT NULL,
    prev_hash BYTEA NOT NULL CHECK (length(prev_hash) = 32),
    hash BYTEA NOT NULL CHECK (length(hash) = 32),
    signature BYTEA NOT NULL CHECK (length(signature) = 64),
    received_at_ms BIGINT NOT NULL,
    txn UUID NOT NULL,
    PRIMARY KEY (tenant_id, till_id, incarnation, seq),
    FOREIGN KEY (tenant_id, till_id, incarnation) REFERENCES till_incarnation (tenant_id, till_id, incarnation)
);
CREATE TRIGGER journal_entry_append_only BEFORE UPDATE OR DELETE ON journal_entry
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Personal data beside an entry; erasing it breaks no chain.
CREATE TABLE journal_sidecar (
    tenant_id BIGINT NOT NULL,
    till_id UUID NOT NULL,
    incarnation BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    text TEXT,
    erased_at_ms BIGINT,
    erased_by TEXT,
    PRIMARY KEY (tenant_id, till_id, incarnation, seq),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq),
    CHECK ((text IS NULL) = (erased_at_ms IS NOT NULL))
);

-- A second history of a journal: the same numbers with other bytes. Both are kept.
CREATE TABLE journal_branch (
    tenant_id BIGINT NOT NULL,
    till_id UUID NOT NULL,
    incarnation BIGINT NOT NULL,
    branch_no BIGINT NOT NULL CHECK (branch_no > 0),
    from_seq BIGINT NOT NULL CHECK (from_seq > 0),
    through_seq BIGINT NOT NULL,
    through_hash BYTEA NOT NULL CHECK (length(through_hash) = 32),
    found_at_ms BIGINT NOT NULL,
    resolved_at_ms BIGINT,
    resolved_by TEXT,
    resolution TEXT,
    PRIMARY KEY (tenant_id, till_id, incarnation, branch_no),
    FOREIGN KEY (tenant_id, till_id, incarnation) REFERENCES till_incarnation (tenant_id, till_id, incarnation)
);

CREATE TABLE journal_branch_entry (
    tenant_id BIGINT NOT NULL,
    till_id UUID NOT NULL,
    incarnation BIGINT NOT NULL,
    branch_no BIGINT NOT NULL,
    seq BIGINT NOT NULL CHECK (seq > 0),
    bytes BYTEA NOT NULL,
    prev_hash BYTEA NOT NULL CHECK (length(prev_hash) = 32),
    hash BYTEA NOT NULL CHECK (length(hash) = 32),
    signature BYTEA NOT NULL CHECK (length(signature) = 64),
    received_at_ms BIGINT NOT NULL,
    sidecar TEXT,
    PRIMARY KEY (tenant_id, till_id, incarnation, branch_no, seq),
    FOREIGN KEY (tenant_id, till_id, incarnation, branch_no)
        REFERENCES journal_branch (tenant_id, till_id, incarnation, branch_no)
);
CREATE TRIGGER journal_branch_entry_append_only BEFORE UPDATE OR DELETE ON journal_branch_entry
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Entries that are stored and acknowledged, but whose effects could not be applied yet.
CREATE TABLE quarantine (
    tenant_id BIGINT NOT NULL,
    till_id UUID NOT NULL,
    incarnation BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    code TEXT NOT NULL CHECK (code <> ''),
    detail TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'applied', 'resolved')),
    since_ms BIGINT NOT NULL,
    tried_at_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 1 CHECK (attempts > 0),
    closed_at_ms BIGINT,
    closed_by TEXT,
    note TEXT,
    PRIMARY KEY (tenant_id, till_id, incarnation, seq),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq),
    CHECK ((state = 'open') = (closed_at_ms IS NULL))
);
CREATE INDEX quarantine_open ON quarantine (tenant_id, since_ms) WHERE state = 'open';

-- What a till said it shows, entered in its journal; the lines are read from the entry's bytes.
CREATE TABLE statement (
    tenant_id BIGINT NOT NULL,
    statement_id UUID NOT NULL,
    part BIGINT NOT NULL CHECK (part > 0),
    parts BIGINT NOT NULL CHECK (parts >= part),
    till_id UUID NOT NULL,
    incarnation BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    location_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    feed BIGINT NOT NULL,
    head_incarnation BIGINT NOT NULL,
    head_seq BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, statement_id, part),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq)
);
CREATE INDEX statement_by_till ON statement (tenant_id, till_id, at_ms);
