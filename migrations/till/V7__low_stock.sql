-- From which level on goods are to be ordered; the office says so per shop, else one limit holds for all.
ALTER TABLE stock ADD COLUMN low_stock_milli INTEGER CHECK (low_stock_milli >= 0);
CREATE INDEX movement_of ON movement (location, sku, pos);
