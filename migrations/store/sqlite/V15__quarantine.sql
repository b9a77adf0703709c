-- What a till's leases, raised allotments and holds wait for is asked at each exchange that writes.
CREATE INDEX quarantine_open_of ON quarantine (tenant_id, till_id, incarnation, seq) WHERE state = 'open';
