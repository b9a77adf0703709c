-- Web orders: what was promised, reserved, paid, handed over and given back.
CREATE TABLE web_order (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    order_id BLOB NOT NULL,
    number TEXT NOT NULL CHECK (number <> ''),
    source TEXT NOT NULL DEFAULT 'web',
    state TEXT NOT NULL CHECK (state IN ('pending', 'paid', 'processing', 'shipped', 'delivered', 'cancelled', 'refunded',
        'partially_refunded')),
    location_id TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    customer_id BLOB,
    subtotal_minor INTEGER NOT NULL CHECK (subtotal_minor >= 0),
    tax_minor INTEGER NOT NULL CHECK (tax_minor >= 0),
    shipping_minor INTEGER NOT NULL DEFAULT 0 CHECK (shipping_minor >= 0),
    total_minor INTEGER NOT NULL CHECK (total_minor >= 0),
    paid_minor INTEGER NOT NULL DEFAULT 0 CHECK (paid_minor >= 0),
    refunded_minor INTEGER NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
    note TEXT,
    gift_message TEXT,
    shipping_address TEXT,
    billing_address TEXT,
    tracking TEXT,
    cancel_reason TEXT,
    short INTEGER NOT NULL DEFAULT 0 CHECK (short IN (0, 1)),
    stage TEXT NOT NULL DEFAULT 'paid' CHECK (stage IN ('paid', 'processing', 'shipped', 'delivered')),
    figures TEXT NOT NULL,
    placed_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    handed_over_at_ms INTEGER,
    body_hash BLOB NOT NULL CHECK (length(body_hash) = 32),
    version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (tenant_id, order_id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, location_id) REFERENCES location (tenant_id, location_id),
    CHECK (refunded_minor <= paid_minor)
) STRICT, WITHOUT ROWID;
CREATE INDEX web_order_by_state ON web_order (tenant_id, state, placed_at_ms);
CREATE INDEX web_order_expiring ON web_order (tenant_id, expires_at_ms) WHERE expires_at_ms IS NOT NULL;

CREATE TABLE order_line (
    tenant_id INTEGER NOT NULL,
    order_id BLOB NOT NULL,
    line_no INTEGER NOT NULL CHECK (line_no > 0),
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    quantity_milli INTEGER NOT NULL CHECK (quantity_milli > 0),
    unit_price_micros INTEGER NOT NULL CHECK (unit_price_micros >= 0),
    tax_rate_ppm INTEGER NOT NULL DEFAULT 0 CHECK (tax_rate_ppm >= 0),
    net_minor INTEGER NOT NULL,
    tax_minor INTEGER NOT NULL,
    total_minor INTEGER NOT NULL,
    refunded_milli INTEGER NOT NULL DEFAULT 0 CHECK (refunded_milli >= 0),
    PRIMARY KEY (tenant_id, order_id, line_no),
    FOREIGN KEY (tenant_id, order_id) REFERENCES web_order (tenant_id, order_id),
    CHECK (total_minor = net_minor + tax_minor),
    CHECK (refunded_milli <= quantity_milli)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_line_by_sku ON order_line (tenant_id, sku);

CREATE TABLE order_event (
    tenant_id INTEGER NOT NULL,
    order_id BLOB NOT NULL,
    event_no INTEGER NOT NULL CHECK (event_no > 0),
    kind TEXT NOT NULL CHECK (kind <> ''),
    from_state TEXT,
    to_state TEXT NOT NULL,
    actor TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, order_id, event_no),
    FOREIGN KEY (tenant_id, order_id) REFERENCES web_order (tenant_id, order_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER order_event_no_update BEFORE UPDATE ON order_event
BEGIN SELECT RAISE(ABORT, 'order_event is append-only'); END;
CREATE TRIGGER order_event_no_delete BEFORE DELETE ON order_event
BEGIN SELECT RAISE(ABORT, 'order_event is append-only'); END;

-- Counts the store's own numbers: `order/20261122`, `invoice/26-27`, `lease`.
CREATE TABLE counter (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    name TEXT NOT NULL CHECK (name <> ''),
    value INTEGER NOT NULL CHECK (value >= 0),
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

-- Stock promised to an order. `from_allotment_milli` of it came out of what was set aside for the web and goes back there.
CREATE TABLE reservation (
    tenant_id INTEGER NOT NULL,
    reservation_id BLOB NOT NULL,
    order_id BLOB NOT NULL,
    line_no INTEGER NOT NULL,
    location_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    quantity_milli INTEGER NOT NULL CHECK (quantity_milli > 0),
    from_allotment_milli INTEGER NOT NULL DEFAULT 0 CHECK (from_allotment_milli >= 0),
    state TEXT NOT NULL CHECK (state IN ('held', 'deducted', 'released', 'expired')),
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    closed_at_ms INTEGER,
    PRIMARY KEY (tenant_id, reservation_id),
    FOREIGN KEY (tenant_id, order_id, line_no) REFERENCES order_line (tenant_id, order_id, line_no),
    FOREIGN KEY (tenant_id, location_id, sku) REFERENCES stock_level (tenant_id, location_id, sku),
    CHECK (from_allotment_milli <= quantity_milli),
    CHECK ((state = 'held') = (closed_at_ms IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_by_order ON reservation (tenant_id, order_id);
CREATE INDEX reservation_held ON reservation (tenant_id, sku, location_id) WHERE state = 'held';

CREATE TABLE payment (
    tenant_id INTEGER NOT NULL,
    payment_id BLOB NOT NULL,
    order_id BLOB NOT NULL,
    attempt_no INTEGER NOT NULL CHECK (attempt_no > 0),
    gateway TEXT NOT NULL CHECK (gateway <> ''),
    state TEXT NOT NULL CHECK (state IN ('created', 'authorized', 'captured', 'failed', 'expired')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    refunded_minor INTEGER NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
    reference TEXT,
    reason TEXT,
    created_at_ms INTEGER NOT NULL,
    settled_at_ms INTEGER,
    PRIMARY KEY (tenant_id, payment_id),
    UNIQUE (tenant_id, order_id, attempt_no),
    FOREIGN KEY (tenant_id, order_id) REFERENCES web_order (tenant_id, order_id),
    CHECK (refunded_minor <= amount_minor)
) STRICT, WITHOUT ROWID;

CREATE TABLE refund (
    tenant_id INTEGER NOT NULL,
    refund_id BLOB NOT NULL,
    order_id BLOB NOT NULL,
    payment_id BLOB NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    restock INTEGER NOT NULL CHECK (restock IN (0, 1)),
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    lines TEXT NOT NULL DEFAULT '[]',
    body_hash BLOB NOT NULL CHECK (length(body_hash) = 32),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES web_order (tenant_id, order_id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payment (tenant_id, payment_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX refund_by_order ON refund (tenant_id, order_id);
CREATE TRIGGER refund_no_update BEFORE UPDATE ON refund
BEGIN SELECT RAISE(ABORT, 'refund is append-only'); END;
CREATE TRIGGER refund_no_delete BEFORE DELETE ON refund
BEGIN SELECT RAISE(ABORT, 'refund is append-only'); END;

-- Keys of web front ends; only their hash is kept.
CREATE TABLE api_key (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    key_id BLOB NOT NULL,
    name TEXT NOT NULL CHECK (name <> ''),
    key_hash BLOB NOT NULL CHECK (length(key_hash) = 32),
    created_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER,
    PRIMARY KEY (tenant_id, key_id),
    UNIQUE (tenant_id, key_hash)
) STRICT, WITHOUT ROWID;
