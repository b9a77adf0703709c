-- How an order reaches its customer, and what tills did with it.
ALTER TABLE web_order ADD COLUMN fulfilment TEXT NOT NULL DEFAULT 'ship' CHECK (fulfilment IN ('collect', 'ship'));
ALTER TABLE web_order ADD COLUMN picked_at_ms INTEGER;
ALTER TABLE web_order ADD COLUMN carrier TEXT;
UPDATE web_order SET fulfilment = 'collect' WHERE shipping_address IS NULL;
