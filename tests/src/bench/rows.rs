//! The floor of a write: the very rows that it left, inserted bare into the same tables without triggers.

use super::time::{Samples, timed};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Rows of one table in the order they were written.
#[derive(Debug, Clone)]
pub struct TableRows {
    insert: String,
    rows: Vec<Vec<Value>>,
}

/// Creates the tables and indexes of `from` in `to`, without triggers and data, with the same journal mode and
/// durability as the products use.
///
/// # Errors
/// The database refused.
pub fn clone_schema(from: &Connection, to: &Connection) -> rusqlite::Result<()> {
    to.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
         PRAGMA foreign_keys = OFF;",
    )?;
    let mut tables = from.prepare(
        "SELECT sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL \
         AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%' \
         AND tbl_name NOT LIKE '%\\_fts%' ESCAPE '\\' ORDER BY type DESC",
    )?;
    let statements = tables.query_map([], |row| row.get::<_, String>(0))?;
    for statement in statements {
        to.execute_batch(&statement?)?;
    }
    Ok(())
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT name FROM pragma_table_info(?1)")?
        .query_map([table], |row| row.get(0))?
        .collect()
}

/// Reads all rows of a table, ordered by `order` (an SQL expression over its columns), of which `key` ≥ `from`.
///
/// # Errors
/// The database refused.
pub fn read_rows(
    connection: &Connection,
    table: &str,
    key: &str,
    from: i64,
) -> rusqlite::Result<Vec<(i64, TableRows)>> {
    let names = columns(connection, table)?;
    let places = (1..=names.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
    let insert = format!("INSERT INTO {table} ({}) VALUES ({places})", names.join(", "));
    let select =
        format!("SELECT {key}, {} FROM {table} WHERE {key} >= ?1 ORDER BY {key}", names.join(", "));
    let mut by_key: BTreeMap<i64, Vec<Vec<Value>>> = BTreeMap::new();
    let mut statement = connection.prepare(&select)?;
    let mut rows = statement.query([from])?;
    while let Some(row) = rows.next()? {
        let values = (1..=names.len()).map(|n| row.get(n)).collect::<rusqlite::Result<_>>()?;
        by_key.entry(row.get(0)?).or_default().push(values);
    }
    Ok(by_key
        .into_iter()
        .map(|(key, rows)| (key, TableRows { insert: insert.clone(), rows }))
        .collect())
}

/// All rows of several tables, grouped by the write that made them.
///
/// # Errors
/// The database refused.
pub fn writes(
    connection: &Connection,
    tables: &[(&str, &str)],
    from: i64,
) -> rusqlite::Result<Vec<Vec<TableRows>>> {
    let mut by_key: BTreeMap<i64, Vec<TableRows>> = BTreeMap::new();
    for (table, key) in tables {
        for (key, rows) in read_rows(connection, table, key, from)? {
            by_key.entry(key).or_default().push(rows);
        }
    }
    Ok(by_key.into_values().collect())
}

fn insert(connection: &Connection, write: &[TableRows]) -> rusqlite::Result<()> {
    for table in write {
        let mut statement = connection.prepare_cached(&table.insert)?;
        for row in &table.rows {
            statement.execute(params_from_iter(row))?;
        }
    }
    Ok(())
}

/// Inserts each write in a durable transaction of its own.
///
/// # Errors
/// The database refused.
pub fn insert_singly(to: &Connection, writes: &[Vec<TableRows>]) -> rusqlite::Result<Samples> {
    Samples::of(writes.len(), |number| {
        to.execute_batch("BEGIN IMMEDIATE")?;
        insert(to, &writes[number])?;
        to.execute_batch("COMMIT")
    })
}

/// Inserts `batch` writes in each durable transaction.
///
/// # Errors
/// The database refused.
pub fn insert_batched(
    to: &Connection,
    writes: &[Vec<TableRows>],
    batch: usize,
) -> rusqlite::Result<Duration> {
    let (done, took) = timed(|| {
        for some in writes.chunks(batch) {
            to.execute_batch("BEGIN IMMEDIATE")?;
            for write in some {
                insert(to, write)?;
            }
            to.execute_batch("COMMIT")?;
        }
        Ok(())
    });
    done.map(|()| took)
}

/// Opens an empty copy of the schema of `from` in a new file.
///
/// # Errors
/// The database refused.
pub fn bare_copy(from: &Connection, file: &Path) -> rusqlite::Result<Connection> {
    let to = Connection::open(file)?;
    to.set_prepared_statement_cache_capacity(64);
    clone_schema(from, &to)?;
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_inserts_the_very_rows_of_each_write_and_no_triggers() {
        let folder = tempfile::tempdir().unwrap();
        let from = Connection::open_in_memory().unwrap();
        from.execute_batch(
            "CREATE TABLE entry (pos INTEGER PRIMARY KEY, bytes BLOB) STRICT;
             CREATE TABLE line (pos INTEGER, no INTEGER, sku TEXT, PRIMARY KEY (pos, no)) STRICT;
             CREATE INDEX line_sku ON line (sku);
             CREATE TRIGGER never BEFORE INSERT ON line BEGIN SELECT 1; END;
             INSERT INTO entry VALUES (1, x'00'), (2, x'01'), (3, x'02');
             INSERT INTO line VALUES (2, 1, 'a'), (2, 2, 'b'), (3, 1, 'a');",
        )
        .unwrap();
        let all = writes(&from, &[("entry", "pos"), ("line", "pos")], 2).unwrap();
        assert_eq!(all.len(), 2, "the write before the first asked for is left out");

        let to = bare_copy(&from, &folder.path().join("bare.db")).unwrap();
        insert_singly(&to, &all).unwrap();
        let count = |sql: &str| to.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM line"), 3);
        assert_eq!(count("SELECT count(*) FROM sqlite_schema WHERE name = 'line_sku'"), 1);
        assert_eq!(count("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"), 0);
    }
}
