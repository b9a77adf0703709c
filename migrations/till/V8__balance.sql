-- Gift cards and store credit: what documents of this till did to them, made from the journal.
CREATE TABLE balance_change (
    pos          INTEGER NOT NULL REFERENCES entry (pos),
    medium       TEXT NOT NULL CHECK (medium IN ('gift_card', 'store_credit')),
    number       TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (pos, medium, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX balance_change_number ON balance_change (medium, number);
CREATE TRIGGER balance_change_never_changes BEFORE UPDATE ON balance_change
BEGIN SELECT RAISE(ABORT, 'balance_change: append-only'); END;
CREATE TRIGGER balance_change_never_goes BEFORE DELETE ON balance_change
BEGIN SELECT RAISE(ABORT, 'balance_change: append-only'); END;

-- What the store has set aside of a balance for a tender of this till, with the moment before it was asked for.
CREATE TABLE balance_hold (
    request       BLOB PRIMARY KEY CHECK (length(request) = 16),
    medium        TEXT NOT NULL,
    number        TEXT NOT NULL,
    amount_minor  INTEGER NOT NULL CHECK (amount_minor > 0),
    left_minor    INTEGER NOT NULL CHECK (left_minor >= 0),
    asked_at_ms   INTEGER NOT NULL,
    asked_mono_ms INTEGER NOT NULL,
    asked_boot    BLOB NOT NULL CHECK (length(asked_boot) = 16),
    ttl_ms        INTEGER NOT NULL CHECK (ttl_ms > 0)
) STRICT, WITHOUT ROWID;
