-- Keys that take another's place, customers that were erased by name, and personal data on branches that can be erased.
ALTER TABLE till_key ADD COLUMN replaces TEXT;
ALTER TABLE customer ADD COLUMN erased_by TEXT;
ALTER TABLE customer ADD COLUMN erased_reason TEXT;
DROP TRIGGER journal_branch_entry_append_only ON journal_branch_entry;
CREATE TRIGGER journal_branch_entry_no_update
BEFORE UPDATE OF tenant_id, till_id, incarnation, branch_no, seq, bytes, prev_hash, hash, signature, received_at_ms
ON journal_branch_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_branch_entry_no_delete BEFORE DELETE ON journal_branch_entry
FOR EACH ROW EXECUTE FUNCTION refuse_change();
