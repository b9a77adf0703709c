-- With the tenant first, an index of numbers answers "this document of this tenant" by reading all of the tenant's. The
-- planner takes it for as good as the primary key while a table is young, and foreign keys keep that plan.
DROP INDEX document_by_number;
CREATE INDEX document_by_number ON document (number, tenant_id);
DROP INDEX document_by_original;
CREATE INDEX document_by_original ON document (original_id, tenant_id) WHERE original_id IS NOT NULL;
DROP INDEX item_by_product;
CREATE INDEX item_by_product ON item (product, tenant_id);
-- Room for the next version of a level beside the present one, so that an update need not touch the indexes.
ALTER TABLE stock_level SET (fillfactor = 50);
