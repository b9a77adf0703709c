-- Gift cards and store credit: what is on each, every change by a document, and what is set aside for a till.
CREATE TABLE balance (
    tenant_id BIGINT NOT NULL REFERENCES tenant (tenant_id),
    medium TEXT NOT NULL CHECK (medium IN ('gift_card', 'store_credit')),
    number TEXT NOT NULL CHECK (number <> ''),
    amount_minor BIGINT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (tenant_id, medium, number)
);

CREATE TABLE balance_change (
    tenant_id BIGINT NOT NULL,
    document_id UUID NOT NULL,
    medium TEXT NOT NULL,
    number TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (tenant_id, document_id, medium, number),
    FOREIGN KEY (tenant_id, document_id) REFERENCES document (tenant_id, document_id),
    FOREIGN KEY (tenant_id, medium, number) REFERENCES balance (tenant_id, medium, number)
);
CREATE INDEX balance_change_by_number ON balance_change (tenant_id, medium, number);
CREATE TRIGGER balance_change_append_only BEFORE UPDATE OR DELETE ON balance_change
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The id is that of the request. It ends with the sale, when the till gives it back or its time is over and all of the
-- till's entries are here, or by a named person.
CREATE TABLE balance_hold (
    tenant_id BIGINT NOT NULL,
    hold_id UUID NOT NULL,
    till_id UUID NOT NULL,
    medium TEXT NOT NULL,
    number TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    state TEXT NOT NULL CHECK (state IN ('held', 'spent', 'released', 'lapsed', 'freed')),
    held_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT,
    ended_by TEXT,
    reason TEXT,
    PRIMARY KEY (tenant_id, hold_id),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, till_id),
    FOREIGN KEY (tenant_id, medium, number) REFERENCES balance (tenant_id, medium, number),
    CHECK ((state = 'held') = (ended_at_ms IS NULL)),
    CHECK ((state = 'freed') = (ended_by IS NOT NULL))
);
CREATE INDEX balance_hold_held ON balance_hold (tenant_id, medium, number) WHERE state = 'held';
CREATE INDEX balance_hold_by_till ON balance_hold (tenant_id, till_id) WHERE state = 'held';
