-- Documents as issued. A till's figures are stored and verified, never recomputed; the whole document of a till stands in
-- its journal entry, that of the store in `body`.
CREATE TABLE document (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    document_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('tax_invoice', 'bill_of_supply', 'invoice_cum_bill', 'receipt', 'credit_note')),
    number TEXT NOT NULL CHECK (number <> ''),
    series TEXT NOT NULL,
    issued_at_ms INTEGER NOT NULL,
    day TEXT NOT NULL,
    fiscal_year TEXT NOT NULL,
    location_id TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    customer_id BLOB,
    original_id BLOB,
    original_number TEXT,
    shift_id BLOB,
    gross_minor INTEGER NOT NULL,
    discount_minor INTEGER NOT NULL,
    taxable_minor INTEGER NOT NULL,
    tax_minor INTEGER NOT NULL,
    total_minor INTEGER NOT NULL,
    rounding_minor INTEGER NOT NULL,
    payable_minor INTEGER NOT NULL,
    training INTEGER NOT NULL DEFAULT 0 CHECK (training IN (0, 1)),
    fact TEXT NOT NULL CHECK (fact IN ('sale', 'refund', 'exchange', 'void', 'order', 'order_refund')),
    till_id BLOB,
    incarnation INTEGER,
    seq INTEGER,
    order_id BLOB,
    body TEXT,
    PRIMARY KEY (tenant_id, document_id),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq),
    CHECK (total_minor = taxable_minor + tax_minor),
    CHECK (payable_minor = total_minor + rounding_minor),
    CHECK ((till_id IS NULL) = (body IS NOT NULL)),
    CHECK ((till_id IS NULL) = (seq IS NULL)),
    CHECK ((till_id IS NULL) = (incarnation IS NULL))
) STRICT;
-- Not unique: two printed documents with one number are a fact to keep and an exception to raise.
CREATE INDEX document_by_number ON document (tenant_id, number);
CREATE INDEX document_by_original ON document (tenant_id, original_id) WHERE original_id IS NOT NULL;
CREATE INDEX document_by_shift ON document (tenant_id, shift_id) WHERE shift_id IS NOT NULL;
CREATE TRIGGER document_no_update BEFORE UPDATE ON document
BEGIN SELECT RAISE(ABORT, 'document is append-only'); END;
CREATE TRIGGER document_no_delete BEFORE DELETE ON document
BEGIN SELECT RAISE(ABORT, 'document is append-only'); END;

CREATE TABLE document_line (
    tenant_id INTEGER NOT NULL,
    document_id BLOB NOT NULL,
    line_no INTEGER NOT NULL CHECK (line_no > 0),
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    quantity_milli INTEGER NOT NULL,
    uom TEXT NOT NULL,
    unit_price_micros INTEGER NOT NULL,
    gross_minor INTEGER NOT NULL,
    discount_minor INTEGER NOT NULL,
    bill_discount_minor INTEGER NOT NULL,
    net_minor INTEGER NOT NULL,
    taxable_minor INTEGER NOT NULL,
    tax_minor INTEGER NOT NULL,
    total_minor INTEGER NOT NULL,
    original_line INTEGER,
    restock INTEGER CHECK (restock IN (0, 1)),
    flags TEXT,
    PRIMARY KEY (tenant_id, document_id, line_no),
    FOREIGN KEY (tenant_id, document_id) REFERENCES document (tenant_id, document_id),
    CHECK (net_minor = gross_minor - discount_minor - bill_discount_minor)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER document_line_no_update BEFORE UPDATE ON document_line
BEGIN SELECT RAISE(ABORT, 'document_line is append-only'); END;
CREATE TRIGGER document_line_no_delete BEFORE DELETE ON document_line
BEGIN SELECT RAISE(ABORT, 'document_line is append-only'); END;

CREATE TABLE document_tender (
    tenant_id INTEGER NOT NULL,
    document_id BLOB NOT NULL,
    tender_no INTEGER NOT NULL CHECK (tender_no > 0),
    tender_type TEXT NOT NULL CHECK (tender_type IN ('cash', 'card', 'upi', 'store_credit', 'gift_card', 'coupon', 'online', 'cod')),
    amount_minor INTEGER NOT NULL,
    given_minor INTEGER,
    change_minor INTEGER,
    reference TEXT,
    PRIMARY KEY (tenant_id, document_id, tender_no),
    FOREIGN KEY (tenant_id, document_id) REFERENCES document (tenant_id, document_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER document_tender_no_update BEFORE UPDATE ON document_tender
BEGIN SELECT RAISE(ABORT, 'document_tender is append-only'); END;
CREATE TRIGGER document_tender_no_delete BEFORE DELETE ON document_tender
BEGIN SELECT RAISE(ABORT, 'document_tender is append-only'); END;

-- A shift from its opening to its Z; the totals are the till's, as JSON.
CREATE TABLE shift (
    tenant_id INTEGER NOT NULL,
    shift_id BLOB NOT NULL,
    till_id BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    opened_seq INTEGER,
    closed_seq INTEGER,
    location_id TEXT NOT NULL,
    day TEXT NOT NULL,
    fiscal_year TEXT NOT NULL,
    staff_id TEXT,
    opening_float_minor INTEGER NOT NULL,
    opened_at_ms INTEGER NOT NULL,
    closed_at_ms INTEGER,
    z_no INTEGER,
    report TEXT,
    PRIMARY KEY (tenant_id, shift_id),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, till_id),
    CHECK ((closed_seq IS NULL) = (closed_at_ms IS NULL)),
    CHECK ((closed_seq IS NULL) = (z_no IS NULL)),
    CHECK ((closed_seq IS NULL) = (report IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX shift_by_till ON shift (tenant_id, till_id, opened_at_ms);

CREATE TABLE shift_tender (
    tenant_id INTEGER NOT NULL,
    shift_id BLOB NOT NULL,
    tender_type TEXT NOT NULL,
    sales_minor INTEGER NOT NULL,
    refunds_minor INTEGER NOT NULL,
    expected_minor INTEGER NOT NULL,
    counted_minor INTEGER,
    over_short_minor INTEGER,
    PRIMARY KEY (tenant_id, shift_id, tender_type),
    FOREIGN KEY (tenant_id, shift_id) REFERENCES shift (tenant_id, shift_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE cash_movement (
    tenant_id INTEGER NOT NULL,
    till_id BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    shift_id BLOB,
    kind TEXT NOT NULL CHECK (kind IN ('paid_in', 'paid_out', 'dropped', 'loaned')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    reason TEXT NOT NULL,
    staff_id TEXT,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, till_id, incarnation, seq),
    FOREIGN KEY (tenant_id, till_id, incarnation, seq) REFERENCES journal_entry (tenant_id, till_id, incarnation, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX cash_movement_by_shift ON cash_movement (tenant_id, shift_id);
CREATE TRIGGER cash_movement_no_update BEFORE UPDATE ON cash_movement
BEGIN SELECT RAISE(ABORT, 'cash_movement is append-only'); END;
CREATE TRIGGER cash_movement_no_delete BEFORE DELETE ON cash_movement
BEGIN SELECT RAISE(ABORT, 'cash_movement is append-only'); END;
