//! Backup, and what a store does after a restore: a new epoch, and patience until every till has spoken.

use crate::args;
use crate::db::{DbError, Tx};
use crate::leases;
use crate::tenant::{self, Tenant};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Pages copied at once; others write in between.
const BACKUP_PAGES: i32 = 1_000;

/// Copies an SQLite store while it runs, and checks the copy.
///
/// # Errors
/// [`DbError`]; an incomplete copy stands under a temporary name and is no backup.
pub fn backup(from: &Path, to: &Path) -> Result<(), DbError> {
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let part = to.with_extension("part");
    let _ = std::fs::remove_file(&part);
    let mut copy = Connection::open(&part)?;
    rusqlite::backup::Backup::new(&source, &mut copy)?.run_to_completion(
        BACKUP_PAGES,
        Duration::ZERO,
        None,
    )?;
    copy.pragma_update(None, "journal_mode", "delete")?;
    drop(copy);
    check(&part)?;
    let synced = std::fs::File::open(&part).and_then(|file| file.sync_all());
    synced
        .and_then(|()| std::fs::rename(&part, to))
        .map_err(|error| DbError::Pool(format!("{}: {error}", to.display())))
}

/// Checks that a file is a whole store.
///
/// # Errors
/// [`DbError`] says what is wrong.
pub fn check(file: &Path) -> Result<(), DbError> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(DbError::corrupt("sqlite", said));
    }
    let founded: i64 =
        connection.query_row("SELECT count(*) FROM store_state", [], |row| row.get(0))?;
    if founded == 1 { Ok(()) } else { Err(DbError::corrupt("store_state", founded)) }
}

/// Begins a new epoch after a restore: another number series, the end of all leases, and no grants until every till has
/// spoken.
///
/// # Errors
/// [`DbError`].
pub fn begin_epoch(tx: &mut Tx<'_>, epoch_before: i64) -> Result<Tenant, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let business = tenant::load(tx)?.ok_or_else(|| DbError::corrupt("tenant", tenant))?;
    let epoch = business.epoch.max(epoch_before) + 1;
    tx.execute(
        "UPDATE store_state SET epoch = $2, series = $3, frozen = 1, restored_at_ms = $4 WHERE tenant_id = $1",
        args![tenant, epoch, format!("W{epoch}"), now_ms],
    )?;
    leases::begin_epoch(tx, epoch)?;
    // Without a till there is nobody to wait for.
    thaw(tx)?;
    tenant::load(tx)?.ok_or_else(|| DbError::corrupt("tenant", tenant))
}

/// Ends the patience when each till has spoken in this epoch, with nothing left unsent, or was retired.
///
/// # Errors
/// [`DbError`].
pub fn thaw(tx: &mut Tx<'_>) -> Result<(), DbError> {
    let tenant = tx.tenant();
    tx.execute(
        "UPDATE store_state SET frozen = 0
         WHERE tenant_id = $1 AND frozen = 1 AND NOT EXISTS (
             SELECT 1 FROM till t WHERE t.tenant_id = $1 AND t.state <> 'retired'
                AND (t.spoke_epoch IS NULL OR t.spoke_epoch < store_state.epoch))",
        args![tenant],
    )?;
    Ok(())
}
