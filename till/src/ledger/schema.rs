//! Opening the database file: pragmas, migrations, and the check against a newer program's schema.

use crate::error::TillError;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::path::Path;

mod embedded {
    refinery::embed_migrations!("../migrations/till");
}

/// Opens the writer: WAL, every commit forced to disk, foreign keys on, checkpoints left to the checkpointer.
///
/// # Errors
/// [`TillError::NewerSchema`], [`TillError::Corrupt`] for a file that is no database, [`TillError::ReadOnly`].
pub fn open_writer(path: &Path) -> Result<Connection, TillError> {
    let mut conn = Connection::open(path)?;
    set_up(&conn)?;
    refuse_newer(&conn)?;
    migrate(&mut conn)?;
    Ok(conn)
}

/// Opens a reader beside a running writer.
///
/// # Errors
/// [`TillError::NotEnrolled`] without a ledger; else as [`open_writer`].
pub fn open_reader(path: &Path) -> Result<Connection, TillError> {
    if !path.exists() {
        return Err(TillError::NotEnrolled);
    }
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(std::time::Duration::from_secs(10))?;
    conn.set_prepared_statement_cache_capacity(64);
    refuse_newer(&conn)?;
    Ok(conn)
}

/// An empty ledger in memory with the same tables, to compare with.
///
/// # Errors
/// [`TillError::Database`].
pub fn open_memory() -> Result<Connection, TillError> {
    let mut conn = Connection::open_in_memory()?;
    conn.set_prepared_statement_cache_capacity(128);
    migrate(&mut conn)?;
    Ok(conn)
}

/// Version of the schema that this program writes.
#[must_use]
pub fn known_version() -> i64 {
    embedded::migrations::runner()
        .get_migrations()
        .iter()
        .map(|migration| i64::from(migration.version()))
        .max()
        .unwrap_or(0)
}

fn set_up(conn: &Connection) -> Result<(), TillError> {
    conn.busy_timeout(std::time::Duration::from_secs(10))?;
    conn.set_prepared_statement_cache_capacity(128);
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", -65_536)?;
    Ok(())
}

fn refuse_newer(conn: &Connection) -> Result<(), TillError> {
    let has_history: bool = conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history')",
        [],
        |row| row.get(0),
    )?;
    if !has_history {
        return Ok(());
    }
    let found: Option<i64> = conn
        .query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0))
        .optional()?
        .flatten();
    let known = known_version();
    match found {
        Some(found) if found > known => Err(TillError::NewerSchema { found, known }),
        _ => Ok(()),
    }
}

fn migrate(conn: &mut Connection) -> Result<(), TillError> {
    // All in one transaction with their records: a power cut between the two would leave a ledger that no start opens.
    embedded::migrations::runner()
        .set_grouped(true)
        .run(conn)
        .map(|_| ())
        .map_err(|error| TillError::corrupt("till.db", "schema", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn migrations_and_their_records_are_committed_together() {
        let mut conn = Connection::open_in_memory().unwrap();
        let commits = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&commits);
        conn.commit_hook(Some(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        }))
        .unwrap();
        migrate(&mut conn).unwrap();
        // The table of the records, and everything else.
        assert!(commits.load(Ordering::Relaxed) <= 2);
    }
}
