-- Rows of a push come by the thousand, and a foreign key asks for the parent of each by a query of its own. These parents
-- are append-only or never removed, so that one question for all rows of a statement holds as much.
-- By index, row by row: a plan that reads the whole parent would be kept when that has grown.
CREATE FUNCTION refuse_orphans() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    orphan BOOLEAN;
BEGIN
    IF TG_ARGV[0] = 'document' THEN
        orphan := EXISTS (
            SELECT 1 FROM added a WHERE NOT EXISTS (
                SELECT 1 FROM document d WHERE d.tenant_id = a.tenant_id AND d.document_id = a.document_id));
    ELSE
        orphan := EXISTS (
            SELECT 1 FROM added a WHERE NOT EXISTS (
                SELECT 1 FROM stock_level l
                WHERE l.tenant_id = a.tenant_id AND l.location_id = a.location_id AND l.sku = a.sku))
            OR EXISTS (
            SELECT 1 FROM added a WHERE a.seq IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM journal_entry e WHERE e.tenant_id = a.tenant_id AND e.till_id = a.till_id
                    AND e.incarnation = a.incarnation AND e.seq = a.seq));
    END IF;
    IF orphan THEN
        RAISE EXCEPTION '% has a row that belongs to no %', TG_TABLE_NAME, TG_ARGV[0]
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;

ALTER TABLE document_line DROP CONSTRAINT document_line_tenant_id_document_id_fkey;
CREATE TRIGGER document_line_has_document AFTER INSERT ON document_line
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_orphans('document');

ALTER TABLE document_tender DROP CONSTRAINT document_tender_tenant_id_document_id_fkey;
CREATE TRIGGER document_tender_has_document AFTER INSERT ON document_tender
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_orphans('document');

ALTER TABLE stock_movement DROP CONSTRAINT stock_movement_tenant_id_location_id_sku_fkey;
ALTER TABLE stock_movement DROP CONSTRAINT stock_movement_tenant_id_till_id_incarnation_seq_fkey;
CREATE TRIGGER stock_movement_has_level_and_entry AFTER INSERT ON stock_movement
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_orphans('level or entry');
-- Documents and entries never go; neither does a level.
CREATE TRIGGER stock_level_stays BEFORE DELETE ON stock_level
FOR EACH ROW EXECUTE FUNCTION refuse_change();
