-- A level never goes: movements belong to it. On PostgreSQL other checks of parents change with this version.
CREATE TRIGGER stock_level_stays BEFORE DELETE ON stock_level
BEGIN SELECT RAISE(ABORT, 'stock_level is append-only'); END;
