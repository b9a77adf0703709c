//! At which feed the store applied the effects of own entries: what decides whether an own movement still counts
//! on top of a level.

use crate::error::TillError;
use crate::ledger::{position, seq_of, state};
use daybook_domain::feed::AckRow;
use rusqlite::{Connection, OptionalExtension, params};

/// Notes that the effects of these entries were applied at this feed, but for the quarantined ones.
pub(super) fn apply(conn: &Connection, feed: i64, ack: &AckRow) -> Result<(), TillError> {
    let Some(ord) = ord_of(conn, ack.incarnation)? else {
        // An incarnation of this till that this ledger never had: nothing of it lies over the levels.
        return Ok(());
    };
    let forked_at: Option<i64> = state::get(conn, &format!("forked_at/{}", ack.incarnation))?;
    let mut moved = conn.prepare_cached(
        "SELECT DISTINCT location, sku, pos FROM movement WHERE pos BETWEEN ?1 AND ?2",
    )?;
    let mut mark = conn.prepare_cached(
        "UPDATE overlay SET effect_feed = ?4 WHERE location = ?1 AND sku = ?2 AND pos = ?3",
    )?;
    let mut drop_contained = conn.prepare_cached(
        "DELETE FROM overlay WHERE location = ?1 AND sku = ?2 AND pos = ?3
         AND effect_feed <= (SELECT feed FROM stock WHERE location = ?1 AND sku = ?2)",
    )?;
    let mut rows = moved.query([position(ord, ack.from), position(ord, ack.through)])?;
    while let Some(row) = rows.next()? {
        let (location, sku, pos): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let seq = seq_of(pos);
        if ack.quarantined.contains(&seq) || forked_at.is_some_and(|at| seq >= at) {
            continue;
        }
        mark.execute(params![location, sku, pos, feed])?;
        drop_contained.execute(params![location, sku, pos])?;
    }
    Ok(())
}

/// Forgets the effects of what follows an entry: the movements lie over the levels again.
pub(super) fn forget_after(conn: &Connection, ord: i64, seq: i64) -> Result<(), TillError> {
    let (from, end) = (position(ord, seq + 1), position(ord + 1, 0));
    conn.execute("DELETE FROM overlay WHERE pos >= ?1 AND pos < ?2", [from, end])?;
    conn.execute(
        "INSERT INTO overlay (location, sku, pos, quantity_milli, leased_milli)
         SELECT location, sku, pos, sum(quantity_milli), sum(leased_milli) FROM movement
         WHERE pos >= ?1 AND pos < ?2 GROUP BY location, sku, pos",
        [from, end],
    )?;
    Ok(())
}

fn ord_of(conn: &Connection, incarnation: u32) -> Result<Option<i64>, TillError> {
    Ok(conn
        .prepare_cached("SELECT ord FROM incarnation WHERE incarnation = ?1")?
        .query_row([incarnation], |row| row.get(0))
        .optional()?)
}
