-- Levels, the movements that made them, and who holds a right on what is left.
-- free = on_hand - reserved - allotted - leased - in_doubt, signed: facts may drive it below zero, grants may not.
CREATE TABLE stock_level (
    tenant_id BIGINT NOT NULL,
    location_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    policy TEXT NOT NULL DEFAULT 'ring_fenced' CHECK (policy IN ('ring_fenced', 'pooled_strict', 'pooled_soft')),
    on_hand_milli BIGINT NOT NULL DEFAULT 0,
    reserved_milli BIGINT NOT NULL DEFAULT 0 CHECK (reserved_milli >= 0),
    allotted_milli BIGINT NOT NULL DEFAULT 0 CHECK (allotted_milli >= 0),
    allotted_proposed_milli BIGINT NOT NULL DEFAULT 0 CHECK (allotted_proposed_milli >= 0),
    leased_milli BIGINT NOT NULL DEFAULT 0 CHECK (leased_milli >= 0),
    in_doubt_milli BIGINT NOT NULL DEFAULT 0 CHECK (in_doubt_milli >= 0),
    lease_size_milli BIGINT NOT NULL DEFAULT 0 CHECK (lease_size_milli >= 0),
    one_of_a_kind BIGINT NOT NULL DEFAULT 0 CHECK (one_of_a_kind IN (0, 1)),
    home_till UUID,
    low_stock_milli BIGINT CHECK (low_stock_milli >= 0),
    proposed_feed BIGINT,
    version BIGINT NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (tenant_id, location_id, sku),
    FOREIGN KEY (tenant_id, location_id) REFERENCES location (tenant_id, location_id),
    FOREIGN KEY (tenant_id, sku) REFERENCES item (tenant_id, sku)
);
CREATE INDEX stock_level_by_sku ON stock_level (tenant_id, sku);

-- Every change of on_hand. From a till's entry (till, incarnation, seq) or the store's own doing (order, stocktake, import).
CREATE TABLE stock_movement (
    tenant_id BIGINT NOT NULL,
    txn UUID NOT NULL,
    no BIGINT NOT NULL CHECK (no > 0),
    location_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    quantity_milli BIGINT NOT NULL CHECK (quantity_milli <> 0),
    kind TEXT NOT NULL CHECK (kind IN ('sale', 'return', 'void', 'receipt', 'adjustment', 'write_off', 'transfer_out',
        'transfer_in', 'order', 'order_return', 'opening', 'count')),
    reason TEXT,
    till_id UUID,
    incarnation BIGINT,
    seq BIGINT,
    order_id UUID,
    stocktake_id UUID,
    lease_id BIGINT,
    beyond_rights BIGINT NOT NULL DEFAULT 0 CHECK (beyond_rights IN (0, 1)),
    actor TEXT,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, txn, no),
    FOREIGN KEY (tenant_id, location_id, sku) REFERENCES stock_level (tenant_id, location_id, sku),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq),
    CHECK ((till_id IS NULL) = (seq IS NULL)),
    CHECK ((till_id IS NULL) = (incarnation IS NULL))
);
CREATE INDEX stock_movement_by_sku ON stock_movement (tenant_id, sku, location_id, at_ms);
CREATE TRIGGER stock_movement_append_only BEFORE UPDATE OR DELETE ON stock_movement
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A till's right to sell offline. The id is the fence.
CREATE TABLE lease (
    tenant_id BIGINT NOT NULL,
    lease_id BIGINT NOT NULL CHECK (lease_id > 0),
    request_id UUID NOT NULL,
    till_id UUID NOT NULL,
    incarnation BIGINT NOT NULL,
    location_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    granted_milli BIGINT NOT NULL CHECK (granted_milli > 0),
    remaining_milli BIGINT NOT NULL CHECK (remaining_milli BETWEEN 0 AND granted_milli),
    state TEXT NOT NULL CHECK (state IN ('granted', 'in_doubt', 'settled', 'written_off')),
    granted_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    doubt_since_ms BIGINT,
    last_seq BIGINT,
    settled_at_ms BIGINT,
    settled_by TEXT,
    PRIMARY KEY (tenant_id, lease_id),
    FOREIGN KEY (tenant_id, location_id, sku) REFERENCES stock_level (tenant_id, location_id, sku),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, till_id),
    CHECK ((state IN ('settled', 'written_off')) = (settled_at_ms IS NOT NULL))
);
CREATE INDEX lease_open ON lease (tenant_id, till_id) WHERE state IN ('granted', 'in_doubt');

-- A count as the till stated it, and the adjustment the store made of it.
CREATE TABLE stocktake (
    tenant_id BIGINT NOT NULL REFERENCES tenant (tenant_id),
    stocktake_id UUID NOT NULL,
    location_id TEXT NOT NULL,
    till_id UUID NOT NULL,
    parts BIGINT NOT NULL CHECK (parts > 0),
    first_seen_at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, stocktake_id)
);

CREATE TABLE stocktake_line (
    tenant_id BIGINT NOT NULL,
    stocktake_id UUID NOT NULL,
    part BIGINT NOT NULL CHECK (part > 0),
    line_no BIGINT NOT NULL CHECK (line_no > 0),
    location_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    counted_milli BIGINT NOT NULL CHECK (counted_milli >= 0),
    expected_milli BIGINT NOT NULL,
    variance_milli BIGINT NOT NULL,
    counted_at_ms BIGINT NOT NULL,
    till_id UUID NOT NULL,
    incarnation BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, stocktake_id, part, line_no),
    FOREIGN KEY (tenant_id, stocktake_id) REFERENCES stocktake (tenant_id, stocktake_id),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq)
);
CREATE INDEX stocktake_line_by_sku ON stocktake_line (tenant_id, sku, location_id, counted_at_ms);
