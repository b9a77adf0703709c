-- What is sold: items (sellable variants), their codes, dated prices and tax classes.
CREATE TABLE tax_class (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    class TEXT NOT NULL CHECK (class <> ''),
    PRIMARY KEY (tenant_id, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE tax_rate (
    tenant_id INTEGER NOT NULL,
    class TEXT NOT NULL,
    from_day TEXT NOT NULL CHECK (length(from_day) = 10),
    rate_ppm INTEGER NOT NULL CHECK (rate_ppm BETWEEN 0 AND 10000000),
    PRIMARY KEY (tenant_id, class, from_day),
    FOREIGN KEY (tenant_id, class) REFERENCES tax_class (tenant_id, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE item (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    sku TEXT NOT NULL CHECK (sku <> ''),
    product TEXT NOT NULL CHECK (product <> ''),
    name TEXT NOT NULL CHECK (name <> ''),
    options TEXT NOT NULL DEFAULT '[]',
    category TEXT NOT NULL DEFAULT '',
    uom TEXT NOT NULL CHECK (uom IN ('each', 'kg', 'litre', 'metre', 'gallon')),
    sold_by_weight INTEGER NOT NULL DEFAULT 0 CHECK (sold_by_weight IN (0, 1)),
    hsn TEXT,
    tax_class TEXT NOT NULL,
    mrp_minor INTEGER CHECK (mrp_minor >= 0),
    archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
    version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (tenant_id, sku),
    FOREIGN KEY (tenant_id, tax_class) REFERENCES tax_class (tenant_id, class)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_by_product ON item (tenant_id, product);

CREATE TABLE item_price (
    tenant_id INTEGER NOT NULL,
    sku TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    unit_price_micros INTEGER NOT NULL CHECK (unit_price_micros >= 0),
    PRIMARY KEY (tenant_id, sku, from_ms),
    FOREIGN KEY (tenant_id, sku) REFERENCES item (tenant_id, sku)
) STRICT, WITHOUT ROWID;

CREATE TABLE barcode (
    tenant_id INTEGER NOT NULL,
    code TEXT NOT NULL CHECK (code <> ''),
    sku TEXT NOT NULL,
    PRIMARY KEY (tenant_id, code),
    FOREIGN KEY (tenant_id, sku) REFERENCES item (tenant_id, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX barcode_by_sku ON barcode (tenant_id, sku);

-- Rows of an import before it is carried out as a whole.
CREATE TABLE import_row (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    import_id BLOB NOT NULL,
    line_no INTEGER NOT NULL CHECK (line_no > 0),
    body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, import_id, line_no)
) STRICT, WITHOUT ROWID;
