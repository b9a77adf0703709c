//! Gapless numbers of the store itself, each from a named counter.

use crate::args;
use crate::db::{DbError, Tx};

/// Takes the next number of a counter, from 1. It belongs to this transaction: rolled back, it is given again.
///
/// # Errors
/// [`DbError`].
pub fn next(tx: &mut Tx<'_>, name: &str) -> Result<i64, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "INSERT INTO counter (tenant_id, name, value) VALUES ($1, $2, 1)
         ON CONFLICT (tenant_id, name) DO UPDATE SET value = counter.value + 1 RETURNING value",
        args![tenant, name],
    )?;
    row.int(0)
}

/// Raises a counter to at least this: the numbers up to it are not given.
///
/// # Errors
/// [`DbError`].
pub fn raise(tx: &mut Tx<'_>, name: &str, last: i64) -> Result<(), DbError> {
    let tenant = tx.tenant();
    tx.execute(
        "INSERT INTO counter (tenant_id, name, value) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value WHERE counter.value < excluded.value",
        args![tenant, name, last],
    )?;
    Ok(())
}

/// Leaves so many numbers of a counter out.
///
/// # Errors
/// [`DbError`].
pub fn skip(tx: &mut Tx<'_>, name: &str, count: i64) -> Result<(), DbError> {
    let tenant = tx.tenant();
    tx.execute(
        "INSERT INTO counter (tenant_id, name, value) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, name) DO UPDATE SET value = counter.value + excluded.value",
        args![tenant, name, count],
    )?;
    Ok(())
}
