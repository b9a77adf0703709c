-- Tills, their keys, codes to enrol them, and what each last said of itself.
CREATE TABLE till (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    till_id BLOB NOT NULL,
    code TEXT NOT NULL CHECK (code <> ''),
    location_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'blocked', 'retired')),
    incarnation INTEGER NOT NULL CHECK (incarnation >= 0),
    enrolled_at_ms INTEGER NOT NULL,
    last_seen_at_ms INTEGER,
    clock_offset_ms INTEGER,
    app TEXT,
    pull_epoch INTEGER,
    pull_feed INTEGER,
    spoke_epoch INTEGER,
    scope_since_feed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, till_id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, location_id) REFERENCES location (tenant_id, location_id)
) STRICT, WITHOUT ROWID;

-- Secrets that a till's requests are signed with. A new one is given while the old one still counts.
CREATE TABLE till_key (
    tenant_id INTEGER NOT NULL,
    key_id TEXT NOT NULL CHECK (key_id <> ''),
    till_id BLOB NOT NULL,
    sealed_secret BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    retired_at_ms INTEGER,
    PRIMARY KEY (tenant_id, key_id),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, till_id)
) STRICT, WITHOUT ROWID;

-- A journal of a till as far as the store holds it, and as far as the till ever said it goes.
CREATE TABLE till_incarnation (
    tenant_id INTEGER NOT NULL,
    till_id BLOB NOT NULL,
    incarnation INTEGER NOT NULL CHECK (incarnation > 0),
    opened_at_ms INTEGER NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> ''),
    install_id BLOB,
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    session_current TEXT NOT NULL,
    session_previous TEXT NOT NULL,
    received_seq INTEGER NOT NULL DEFAULT 0 CHECK (received_seq >= 0),
    received_hash BLOB NOT NULL CHECK (length(received_hash) = 32),
    reported_seq INTEGER NOT NULL DEFAULT 0 CHECK (reported_seq >= 0),
    reported_hash BLOB,
    signed_at_ms INTEGER,
    counter_signature BLOB,
    PRIMARY KEY (tenant_id, till_id, incarnation),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, till_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment_code (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    handle TEXT NOT NULL CHECK (handle <> ''),
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    location_id TEXT NOT NULL,
    resume_till_id BLOB,
    tries_left INTEGER NOT NULL CHECK (tries_left >= 0),
    expires_at_ms INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER,
    used_by BLOB,
    sealed_answer BLOB,
    PRIMARY KEY (tenant_id, handle),
    FOREIGN KEY (tenant_id, location_id) REFERENCES location (tenant_id, location_id),
    FOREIGN KEY (tenant_id, resume_till_id) REFERENCES till (tenant_id, till_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE till_event (
    tenant_id INTEGER NOT NULL,
    till_id BLOB NOT NULL,
    event_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind <> ''),
    actor TEXT NOT NULL,
    detail TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, till_id, event_id),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, till_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER till_event_no_update BEFORE UPDATE ON till_event
BEGIN SELECT RAISE(ABORT, 'till_event is append-only'); END;
CREATE TRIGGER till_event_no_delete BEFORE DELETE ON till_event
BEGIN SELECT RAISE(ABORT, 'till_event is append-only'); END;

-- Answers to requests that may be refused: the same id gets the same answer, another body under it is a conflict.
CREATE TABLE request_answer (
    tenant_id INTEGER NOT NULL REFERENCES tenant (tenant_id),
    request_id BLOB NOT NULL,
    body_hash BLOB NOT NULL CHECK (length(body_hash) = 32),
    answer TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    till_id BLOB,
    PRIMARY KEY (tenant_id, request_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER request_answer_no_update BEFORE UPDATE ON request_answer
BEGIN SELECT RAISE(ABORT, 'request_answer is append-only'); END;
CREATE TRIGGER request_answer_no_delete BEFORE DELETE ON request_answer
BEGIN SELECT RAISE(ABORT, 'request_answer is append-only'); END;
