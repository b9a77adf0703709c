-- As on PostgreSQL, whose planner may take an index that begins with the tenant for as good as the primary key.
DROP INDEX document_by_number;
CREATE INDEX document_by_number ON document (number, tenant_id);
DROP INDEX document_by_original;
CREATE INDEX document_by_original ON document (original_id, tenant_id) WHERE original_id IS NOT NULL;
DROP INDEX item_by_product;
CREATE INDEX item_by_product ON item (product, tenant_id);
