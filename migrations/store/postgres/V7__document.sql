-- Documents as issued. A till's figures are stored and verified, never recomputed; the whole document of a till stands in
-- its journal entry, that of the store in `body`.
CREATE TABLE document (
    tenant_id BIGINT NOT NULL REFERENCES tenant (tenant_id),
    document_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('tax_invoice', 'bill_of_supply', 'invoice_cum_bill', 'receipt', 'credit_note')),
    number TEXT NOT NULL CHECK (number <> ''),
    series TEXT NOT NULL,
    issued_at_ms BIGINT NOT NULL,
    day TEXT NOT NULL,
    fiscal_year TEXT NOT NULL,
    location_id TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    customer_id UUID,
    original_id UUID,
    original_number TEXT,
    shift_id UUID,
    gross_minor BIGINT NOT NULL,
    discount_minor BIGINT NOT NULL,
    taxable_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    rounding_minor BIGINT NOT NULL,
    payable_minor BIGINT NOT NULL,
    training BIGINT NOT NULL DEFAULT 0 CHECK (training IN (0, 1)),
    fact TEXT NOT NULL CHECK (fact IN ('sale', 'refund', 'exchange', 'void', 'order', 'order_refund')),
    till_id UUID,
    incarnation BIGINT,
    seq BIGINT,
    order_id UUID,
    body TEXT,
    PRIMARY KEY (tenant_id, document_id),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq),
    CHECK (total_minor = taxable_minor + tax_minor),
    CHECK (payable_minor = total_minor + rounding_minor),
    CHECK ((till_id IS NULL) = (body IS NOT NULL)),
    CHECK ((till_id IS NULL) = (seq IS NULL)),
    CHECK ((till_id IS NULL) = (incarnation IS NULL))
);
-- Not unique: two printed documents with one number are a fact to keep and an exception to raise.
CREATE INDEX document_by_number ON document (tenant_id, number);
CREATE INDEX document_by_original ON document (tenant_id, original_id) WHERE original_id IS NOT NULL;
CREATE INDEX document_by_shift ON document (tenant_id, shift_id) WHERE shift_id IS NOT NULL;
CREATE TRIGGER document_append_only BEFORE UPDATE OR DELETE ON document
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE document_line (
    tenant_id BIGINT NOT NULL,
    document_id UUID NOT NULL,
    line_no BIGINT NOT NULL CHECK (line_no > 0),
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    quantity_milli BIGINT NOT NULL,
    uom TEXT NOT NULL,
    unit_price_micros BIGINT NOT NULL,
    gross_minor BIGINT NOT NULL,
    discount_minor BIGINT NOT NULL,
    bill_discount_minor BIGINT NOT NULL,
    net_minor BIGINT NOT NULL,
    taxable_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    original_line BIGINT,
    restock BIGINT CHECK (restock IN (0, 1)),
    flags TEXT,
    PRIMARY KEY (tenant_id, document_id, line_no),
    FOREIGN KEY (tenant_id, document_id) REFERENCES document (tenant_id, document_id),
    CHECK (net_minor = gross_minor - discount_minor - bill_discount_minor)
);
CREATE TRIGGER document_line_append_only BEFORE UPDATE OR DELETE ON document_line
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE document_tender (
    tenant_id BIGINT NOT NULL,
    document_id UUID NOT NULL,
    tender_no BIGINT NOT NULL CHECK (tender_no > 0),
    tender_type TEXT NOT NULL CHECK (tender_type IN ('cash', 'card', 'upi', 'store_credit', 'gift_card', 'coupon', 'online', 'cod')),
    amount_minor BIGINT NOT NULL,
    given_minor BIGINT,
    change_minor BIGINT,
    reference TEXT,
    PRIMARY KEY (tenant_id, document_id, tender_no),
    FOREIGN KEY (tenant_id, document_id) REFERENCES document (tenant_id, document_id)
);
CREATE TRIGGER document_tender_append_only BEFORE UPDATE OR DELETE ON document_tender
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A shift from its opening to its Z; the totals are the till's, as JSON.
CREATE TABLE shift (
    tenant_id BIGINT NOT NULL,
    shift_id UUID NOT NULL,
    till_id UUID NOT NULL,
    incarnation BIGINT NOT NULL,
    opened_seq BIGINT,
    closed_seq BIGINT,
    location_id TEXT NOT NULL,
    day TEXT NOT NULL,
    fiscal_year TEXT NOT NULL,
    staff_id TEXT,
    opening_float_minor BIGINT NOT NULL,
    opened_at_ms BIGINT NOT NULL,
    closed_at_ms BIGINT,
    z_no BIGINT,
    report TEXT,
    PRIMARY KEY (tenant_id, shift_id),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, till_id),
    CHECK ((closed_seq IS NULL) = (closed_at_ms IS NULL)),
    CHECK ((closed_seq IS NULL) = (z_no IS NULL)),
    CHECK ((closed_seq IS NULL) = (report IS NULL))
);
CREATE INDEX shift_by_till ON shift (tenant_id, till_id, opened_at_ms);

CREATE TABLE shift_tender (
    tenant_id BIGINT NOT NULL,
    shift_id UUID NOT NULL,
    tender_type TEXT NOT NULL,
    sales_minor BIGINT NOT NULL,
    refunds_minor BIGINT NOT NULL,
    expected_minor BIGINT NOT NULL,
    counted_minor BIGINT,
    over_short_minor BIGINT,
    PRIMARY KEY (tenant_id, shift_id, tender_type),
    FOREIGN KEY (tenant_id, shift_id) REFERENCES shift (tenant_id, shift_id)
);

CREATE TABLE cash_movement (
    tenant_id BIGINT NOT NULL,
    till_id UUID NOT NULL,
    incarnation BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    shift_id UUID,
    kind TEXT NOT NULL CHECK (kind IN ('paid_in', 'paid_out', 'dropped', 'loaned')),
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    reason TEXT NOT NULL,
    staff_id TEXT,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, till_id, incarnation, seq),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq)
);
CREATE INDEX cash_movement_by_shift ON cash_movement (tenant_id, shift_id);
CREATE TRIGGER cash_movement_append_only BEFORE UPDATE OR DELETE ON cash_movement
FOR EACH ROW EXECUTE FUNCTION refuse_change();
