-- What goes to paper. No fact of business: a sale is committed before its paper, and stays when there is none.
CREATE TABLE print_job (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    what     TEXT    NOT NULL CHECK (what IN ('receipt', 'invoice', 'report', 'test')),
    document BLOB,
    entry    INTEGER,                       -- of a report: the journal entry that holds it
    name     TEXT    NOT NULL,
    copy_no  INTEGER NOT NULL CHECK (copy_no >= 0),
    state    TEXT    NOT NULL CHECK (state IN ('waiting', 'printing', 'printed', 'failed', 'maybe', 'dropped')),
    tries    INTEGER NOT NULL DEFAULT 0,
    problem  TEXT,
    message  TEXT,
    at_ms    INTEGER NOT NULL,
    CHECK ((document IS NOT NULL) = (what IN ('receipt', 'invoice'))),
    CHECK ((entry IS NOT NULL) = (what = 'report'))
) STRICT;
CREATE INDEX print_job_open ON print_job (id) WHERE state IN ('waiting', 'printing', 'failed', 'maybe');
CREATE INDEX print_job_document ON print_job (document) WHERE document IS NOT NULL;
