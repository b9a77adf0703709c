-- Gift cards and store credit: what is on each, every change by a document, and what is set aside for a till.
CREATE TABLE balance (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    medium TEXT NOT NULL CHECK (medium IN ('gift_card', 'store_credit')),
    number TEXT NOT NULL CHECK (number <> ''),
    amount_minor INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (tenant_id, medium, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE balance_change (
    tenant_id INTEGER NOT NULL,
    document_id BLOB NOT NULL,
    medium TEXT NOT NULL,
    number TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (tenant_id, document_id, medium, number),
    FOREIGN KEY (tenant_id, document_id) REFERENCES document (tenant_id, document_id),
    FOREIGN KEY (tenant_id, medium, number) REFERENCES balance (tenant_id, medium, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX balance_change_by_number ON balance_change (tenant_id, medium, number);
CREATE TRIGGER balance_change_no_update BEFORE UPDATE ON balance_change
BEGIN SELECT RAISE(ABORT, 'balance_change is append-only'); END;
CREATE TRIGGER balance_change_no_delete BEFORE DELETE ON balance_change
BEGIN SELECT RAISE(ABORT, 'balance_change is append-only'); END;

-- The id is that of the request. It ends with the sale, when the till gives it back or its time is over and all of the
-- till's entries are here, or by a named person.
CREATE TABLE balance_hold (
    tenant_id INTEGER NOT NULL,
    hold_id BLOB NOT NULL,
    till_id BLOB NOT NULL,
    medium TEXT NOT NULL,
    number TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    state TEXT NOT NULL CHECK (state IN ('held', 'spent', 'released', 'lapsed', 'freed')),
    held_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER,
    ended_by TEXT,
    reason TEXT,
    PRIMARY KEY (tenant_id, hold_id),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, till_id),
    FOREIGN KEY (tenant_id, medium, number) REFERENCES balance (tenant_id, medium, number),
    CHECK ((state = 'held') = (ended_at_ms IS NULL)),
    CHECK ((state = 'freed') = (ended_by IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX balance_hold_held ON balance_hold (tenant_id, medium, number) WHERE state = 'held';
CREATE INDEX balance_hold_by_till ON balance_hold (tenant_id, till_id) WHERE state = 'held';
