-- Raises of allotments that wait for tills: looked for by every exchange, and nearly always none.
CREATE INDEX stock_level_proposed ON stock_level (tenant_id, location_id, sku)
    WHERE allotted_proposed_milli > allotted_milli;
