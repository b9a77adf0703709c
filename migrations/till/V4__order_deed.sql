-- What was done here with web orders, made from the journal.
CREATE TABLE order_deed (
    pos      INTEGER PRIMARY KEY REFERENCES entry (pos),
    order_id BLOB NOT NULL CHECK (length(order_id) = 16),
    deed     TEXT NOT NULL CHECK (deed IN ('picked', 'shipped', 'handed_over')),
    carrier  TEXT,
    tracking TEXT
) STRICT;
CREATE INDEX order_deed_order ON order_deed (order_id);
CREATE TRIGGER order_deed_never_changes BEFORE UPDATE ON order_deed BEGIN SELECT RAISE(ABORT, 'order_deed: append-only'); END;
CREATE TRIGGER order_deed_never_goes BEFORE DELETE ON order_deed BEGIN SELECT RAISE(ABORT, 'order_deed: append-only'); END;

-- Outcomes of requests that a person waits for.
CREATE TABLE request_outcome (
    id      BLOB PRIMARY KEY CHECK (length(id) = 16),
    kind    TEXT NOT NULL,
    about   TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX request_outcome_about ON request_outcome (about, at_ms);
