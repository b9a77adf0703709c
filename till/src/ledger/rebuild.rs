//! Read models made again from the journal, and compared with the live ones row by row.

use super::project::{Place, project};
use super::query;
use super::schema;
use crate::error::TillError;
use rusqlite::Connection;
use rusqlite::types::Value;

/// Every table that is made from the journal alone, with the columns that are.
const MODELS: [(&str, &str); 8] = [
    (
        "document",
        "SELECT pos, id, number, series, kind, original, shift, issued_at_ms, payable_minor, source
         FROM document ORDER BY pos",
    ),
    (
        "movement",
        "SELECT pos, no, location, sku, quantity_milli, leased_milli, reason FROM movement ORDER BY pos, no",
    ),
    ("shift", "SELECT pos, shift, day, fiscal_year FROM shift ORDER BY pos"),
    ("closing", "SELECT pos, shift, z_no FROM closing ORDER BY pos"),
    ("number_series", "SELECT series, last FROM number_series ORDER BY series"),
    ("order_deed", "SELECT pos, order_id, deed, carrier, tracking FROM order_deed ORDER BY pos"),
    (
        "balance_change",
        "SELECT pos, medium, number, amount_minor FROM balance_change ORDER BY pos, medium, number",
    ),
    ("reprint", "SELECT document, copy_no, pos FROM reprint ORDER BY document, copy_no"),
];

/// Replays the journal into an empty ledger in memory and compares.
///
/// # Errors
/// [`TillError::Corrupt`] names the first table and row that differ.
pub fn compare(conn: &Connection) -> Result<(), TillError> {
    let fresh = schema::open_memory()?;
    fresh.pragma_update(None, "foreign_keys", false)?;
    fresh.execute_batch("BEGIN")?;
    query::each_entry(conn, 0, |entry| {
        let envelope = query::parse(&entry.bytes, entry.pos)?;
        let fact = query::fact_of(&entry.bytes, entry.pos)?;
        let shift = envelope.shift.map(|shift| shift.0);
        project(&fresh, Place { pos: entry.pos, shift }, &fact)
    })?;
    fresh.execute_batch("COMMIT")?;
    for (table, sql) in MODELS {
        compare_table(conn, &fresh, table, sql)?;
    }
    Ok(())
}

fn compare_table(
    live: &Connection,
    fresh: &Connection,
    table: &'static str,
    sql: &str,
) -> Result<(), TillError> {
    let (mut live, mut fresh) = (live.prepare(sql)?, fresh.prepare(sql)?);
    let columns = live.column_count();
    let (mut live, mut fresh) = (live.query([])?, fresh.query([])?);
    loop {
        let have = row_of(live.next()?, columns)?;
        let want = row_of(fresh.next()?, columns)?;
        if have != want {
            let id = have.as_ref().or(want.as_ref()).and_then(|row| row.first());
            return Err(TillError::corrupt(
                table,
                format!("{id:?}"),
                "differs from what the journal says",
            ));
        }
        if have.is_none() {
            return Ok(());
        }
    }
}

fn row_of(
    row: Option<&rusqlite::Row<'_>>,
    columns: usize,
) -> Result<Option<Vec<Value>>, TillError> {
    row.map(|row| (0..columns).map(|column| Ok(row.get(column)?)).collect()).transpose()
}
