-- Web orders: what was promised, reserved, paid, handed over and given back.
CREATE TABLE web_order (
    tenant_id BIGINT NOT NULL REFERENCES tenant (tenant_id),
    order_id UUID NOT NULL,
    number TEXT NOT NULL CHECK (number <> ''),
    source TEXT NOT NULL DEFAULT 'web',
    state TEXT NOT NULL CHECK (state IN ('pending', 'paid', 'processing', 'shipped', 'delivered', 'cancelled', 'refunded',
        'partially_refunded')),
    location_id TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    customer_id UUID,
    subtotal_minor BIGINT NOT NULL CHECK (subtotal_minor >= 0),
    tax_minor BIGINT NOT NULL CHECK (tax_minor >= 0),
    shipping_minor BIGINT NOT NULL DEFAULT 0 CHECK (shipping_minor >= 0),
    total_minor BIGINT NOT NULL CHECK (total_minor >= 0),
    paid_minor BIGINT NOT NULL DEFAULT 0 CHECK (paid_minor >= 0),
    refunded_minor BIGINT NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
    note TEXT,
    gift_message TEXT,
    shipping_address TEXT,
    billing_address TEXT,
    tracking TEXT,
    cancel_reason TEXT,
    short BIGINT NOT NULL DEFAULT 0 CHECK (short IN (0, 1)),
    stage TEXT NOT NULL DEFAULT 'paid' CHECK (stage IN ('paid', 'processing', 'shipped', 'delivered')),
    figures TEXT NOT NULL,
    placed_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT,
    handed_over_at_ms BIGINT,
    body_hash BYTEA NOT NULL CHECK (length(body_hash) = 32),
    version BIGINT NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (tenant_id, order_id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, location_id) REFERENCES location (tenant_id, location_id),
    CHECK (refunded_minor <= paid_minor)
);
CREATE INDEX web_order_by_state ON web_order (tenant_id, state, placed_at_ms);
CREATE INDEX web_order_expiring ON web_order (tenant_id, expires_at_ms) WHERE expires_at_ms IS NOT NULL;

CREATE TABLE order_line (
    tenant_id BIGINT NOT NULL,
    order_id UUID NOT NULL,
    line_no BIGINT NOT NULL CHECK (line_no > 0),
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    quantity_milli BIGINT NOT NULL CHECK (quantity_milli > 0),
    unit_price_micros BIGINT NOT NULL CHECK (unit_price_micros >= 0),
    tax_rate_ppm BIGINT NOT NULL DEFAULT 0 CHECK (tax_rate_ppm >= 0),
    net_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    refunded_milli BIGINT NOT NULL DEFAULT 0 CHECK (refunded_milli >= 0),
    PRIMARY KEY (tenant_id, order_id, line_no),
    FOREIGN KEY (tenant_id, order_id) REFERENCES web_order (tenant_id, order_id),
    CHECK (total_minor = net_minor + tax_minor),
    CHECK (refunded_milli <= quantity_milli)
);
CREATE INDEX order_line_by_sku ON order_line (tenant_id, sku);

CREATE TABLE order_event (
    tenant_id BIGINT NOT NULL,
    order_id UUID NOT NULL,
    event_no BIGINT NOT NULL CHECK (event_no > 0),
    kind TEXT NOT NULL CHECK (kind <> ''),
    from_state TEXT,
    to_state TEXT NOT NULL,
    actor TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, order_id, event_no),
    FOREIGN KEY (tenant_id, order_id) REFERENCES web_order (tenant_id, order_id)
);
CREATE TRIGGER order_event_append_only BEFORE UPDATE OR DELETE ON order_event
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Counts the store's own numbers: `order/20261122`, `invoice/26-27`, `lease`.
CREATE TABLE counter (
    tenant_id BIGINT NOT NULL REFERENCES tenant (tenant_id),
    name TEXT NOT NULL CHECK (name <> ''),
    value BIGINT NOT NULL CHECK (value >= 0),
    PRIMARY KEY (tenant_id, name)
);

-- Stock promised to an order. `from_allotment_milli` of it came out of what was set aside for the web and goes back there.
CREATE TABLE reservation (
    tenant_id BIGINT NOT NULL,
    reservation_id UUID NOT NULL,
    order_id UUID NOT NULL,
    line_no BIGINT NOT NULL,
    location_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    quantity_milli BIGINT NOT NULL CHECK (quantity_milli > 0),
    from_allotment_milli BIGINT NOT NULL DEFAULT 0 CHECK (from_allotment_milli >= 0),
    state TEXT NOT NULL CHECK (state IN ('held', 'deducted', 'released', 'expired')),
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT,
    closed_at_ms BIGINT,
    PRIMARY KEY (tenant_id, reservation_id),
    FOREIGN KEY (tenant_id, order_id, line_no) REFERENCES order_line (tenant_id, order_id, line_no),
    FOREIGN KEY (tenant_id, location_id, sku) REFERENCES stock_level (tenant_id, location_id, sku),
    CHECK (from_allotment_milli <= quantity_milli),
    CHECK ((state = 'held') = (closed_at_ms IS NULL))
);
CREATE INDEX reservation_by_order ON reservation (tenant_id, order_id);
CREATE INDEX reservation_held ON reservation (tenant_id, sku, location_id) WHERE state = 'held';

CREATE TABLE payment (
    tenant_id BIGINT NOT NULL,
    payment_id UUID NOT NULL,
    order_id UUID NOT NULL,
    attempt_no BIGINT NOT NULL CHECK (attempt_no > 0),
    gateway TEXT NOT NULL CHECK (gateway <> ''),
    state TEXT NOT NULL CHECK (state IN ('created', 'authorized', 'captured', 'failed', 'expired')),
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    refunded_minor BIGINT NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
    reference TEXT,
    reason TEXT,
    created_at_ms BIGINT NOT NULL,
    settled_at_ms BIGINT,
    PRIMARY KEY (tenant_id, payment_id),
    UNIQUE (tenant_id, order_id, attempt_no),
    FOREIGN KEY (tenant_id, order_id) REFERENCES web_order (tenant_id, order_id),
    CHECK (refunded_minor <= amount_minor)
);

CREATE TABLE refund (
    tenant_id BIGINT NOT NULL,
    refund_id UUID NOT NULL,
    order_id UUID NOT NULL,
    payment_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    restock BIGINT NOT NULL CHECK (restock IN (0, 1)),
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    lines TEXT NOT NULL DEFAULT '[]',
    body_hash BYTEA NOT NULL CHECK (length(body_hash) = 32),
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, refund_id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES web_order (tenant_id, order_id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payment (tenant_id, payment_id)
);
CREATE INDEX refund_by_order ON refund (tenant_id, order_id);
CREATE TRIGGER refund_append_only BEFORE UPDATE OR DELETE ON refund
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Keys of web front ends; only their hash is kept.
CREATE TABLE api_key (
    tenant_id BIGINT NOT NULL REFERENCES tenant (tenant_id),
    key_id UUID NOT NULL,
    name TEXT NOT NULL CHECK (name <> ''),
    key_hash BYTEA NOT NULL CHECK (length(key_hash) = 32),
    created_at_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT,
    PRIMARY KEY (tenant_id, key_id),
    UNIQUE (tenant_id, key_hash)
);
