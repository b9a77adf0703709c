-- Tills, their keys, codes to enrol them, and what each last said of itself.
CREATE TABLE till (
    tenant_id BIGINT NOT NULL REFERENCES tenant (tenant_id),
    till_id UUID NOT NULL,
    code TEXT NOT NULL CHECK (code <> ''),
    location_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'blocked', 'retired')),
    incarnation BIGINT NOT NULL CHECK (incarnation >= 0),
    enrolled_at_ms BIGINT NOT NULL,
    last_seen_at_ms BIGINT,
    clock_offset_ms BIGINT,
    app TEXT,
    pull_epoch BIGINT,
    pull_feed BIGINT,
    spoke_epoch BIGINT,
    scope_since_feed BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, till_id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, location_id) REFERENCES location (tenant_id, location_id)
);

-- Secrets that a till's requests are signed with. A new one is given while the old one still counts.
CREATE TABLE till_key (
    tenant_id BIGINT NOT NULL,
    key_id TEXT NOT NULL CHECK (key_id <> ''),
    till_id UUID NOT NULL,
    sealed_secret BYTEA NOT NULL,
    created_at_ms BIGINT NOT NULL,
    retired_at_ms BIGINT,
    PRIMARY KEY (tenant_id, key_id),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, till_id)
);

-- A journal of a till as far as the store holds it, and as far as the till ever said it goes.
CREATE TABLE till_incarnation (
    tenant_id BIGINT NOT NULL,
    till_id UUID NOT NULL,
    incarnation BIGINT NOT NULL CHECK (incarnation > 0),
    opened_at_ms BIGINT NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> ''),
    install_id UUID,
    public_key BYTEA NOT NULL CHECK (length(public_key) = 32),
    session_current TEXT NOT NULL,
    session_previous TEXT NOT NULL,
    received_seq BIGINT NOT NULL DEFAULT 0 CHECK (received_seq >= 0),
    received_hash BYTEA NOT NULL CHECK (length(received_hash) = 32),
    reported_seq BIGINT NOT NULL DEFAULT 0 CHECK (reported_seq >= 0),
    reported_hash BYTEA,
    signed_at_ms BIGINT,
    counter_signature BYTEA,
    PRIMARY KEY (tenant_id, till_id, incarnation),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, till_id)
);

CREATE TABLE enrolment_code (
    tenant_id BIGINT NOT NULL REFERENCES tenant (tenant_id),
    handle TEXT NOT NULL CHECK (handle <> ''),
    secret_hash BYTEA NOT NULL CHECK (length(secret_hash) = 32),
    location_id TEXT NOT NULL,
    resume_till_id UUID,
    tries_left BIGINT NOT NULL CHECK (tries_left >= 0),
    expires_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    used_at_ms BIGINT,
    used_by BYTEA,
    sealed_answer BYTEA,
    PRIMARY KEY (tenant_id, handle),
    FOREIGN KEY (tenant_id, location_id) REFERENCES location (tenant_id, location_id),
    FOREIGN KEY (tenant_id, resume_till_id) REFERENCES till (tenant_id, till_id)
);

CREATE TABLE till_event (
    tenant_id BIGINT NOT NULL,
    till_id UUID NOT NULL,
    event_id UUID NOT NULL,
    kind TEXT NOT NULL CHECK (kind <> ''),
    actor TEXT NOT NULL,
    detail TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, till_id, event_id),
    FOREIGN KEY (tenant_id, till_id) REFERENCES till (tenant_id, till_id)
);
CREATE TRIGGER till_event_append_only BEFORE UPDATE OR DELETE ON till_event
FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Answers to requests that may be refused: the same id gets the same answer, another body under it is a conflict.
CREATE TABLE request_answer (
    tenant_id BIGINT NOT NULL REFERENCES tenant (tenant_id),
    request_id UUID NOT NULL,
    body_hash BYTEA NOT NULL CHECK (length(body_hash) = 32),
    answer TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    till_id UUID,
    PRIMARY KEY (tenant_id, request_id)
);
CREATE TRIGGER request_answer_append_only BEFORE UPDATE OR DELETE ON request_answer
FOR EACH ROW EXECUTE FUNCTION refuse_change();
