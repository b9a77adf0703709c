-- Baskets of files that were sold before a restore: known from fetched entries, so that none is sold twice.
CREATE TABLE fetched_source (
    source TEXT NOT NULL PRIMARY KEY CHECK (source <> ''),
    number TEXT NOT NULL CHECK (number <> '')
) STRICT, WITHOUT ROWID;
