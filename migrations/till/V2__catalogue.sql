-- What the store said last, by feed key. generation tells the rows of a refetch from those it replaces.

CREATE TABLE feed_row (
    key        TEXT PRIMARY KEY,
    feed       INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    value      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE item (
    id         INTEGER PRIMARY KEY,
    sku        TEXT    NOT NULL UNIQUE,
    feed       INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    archived   INTEGER NOT NULL,
    folded     TEXT    NOT NULL,
    value      TEXT    NOT NULL
) STRICT;

CREATE TABLE barcode (
    code    TEXT    NOT NULL,
    item_id INTEGER NOT NULL,
    PRIMARY KEY (code, item_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX barcode_item ON barcode (item_id);

CREATE TABLE stock (
    location                TEXT    NOT NULL,
    sku                     TEXT    NOT NULL,
    feed                    INTEGER NOT NULL,
    generation              INTEGER NOT NULL,
    policy                  TEXT    NOT NULL CHECK (policy IN ('ring_fenced', 'pooled_strict', 'pooled_soft')),
    on_hand_milli           INTEGER NOT NULL,
    reserved_milli          INTEGER NOT NULL,
    allotted_milli          INTEGER NOT NULL,
    allotted_proposed_milli INTEGER NOT NULL,
    leased_milli            INTEGER NOT NULL,
    in_doubt_milli          INTEGER NOT NULL,
    PRIMARY KEY (location, sku)
) STRICT, WITHOUT ROWID;

-- Words by prefix. The text is folded before it gets here, marks are letters: Devanagari vowel signs are.
CREATE VIRTUAL TABLE item_words USING fts5 (
    folded, content = '', contentless_delete = 1, detail = none, prefix = '1 2 3',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co M*'"
);

-- Parts of words. Positions are not kept; what matches is read again and checked.
CREATE VIRTUAL TABLE item_trigrams USING fts5 (
    folded, content = '', contentless_delete = 1, detail = none,
    tokenize = "trigram remove_diacritics 0"
);
