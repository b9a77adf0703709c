//! Levels as the store states them.

use crate::error::TillError;
use daybook_domain::feed::{StockPolicy, StockRow};
use rusqlite::{Connection, params};

/// How a policy stands in the table.
pub(super) fn policy_text(policy: StockPolicy) -> &'static str {
    match policy {
        StockPolicy::RingFenced => "ring_fenced",
        StockPolicy::PooledStrict => "pooled_strict",
        StockPolicy::PooledSoft => "pooled_soft",
    }
}

/// Writes a level, and drops the own movements that it contains.
pub(super) fn put(
    conn: &Connection,
    generation: i64,
    feed: i64,
    level: &StockRow,
) -> Result<(), TillError> {
    conn.prepare_cached(
        "INSERT INTO stock (location, sku, feed, generation, policy, on_hand_milli, reserved_milli,
             allotted_milli, allotted_proposed_milli, leased_milli, in_doubt_milli,
             low_stock_milli)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (location, sku) DO UPDATE SET
             feed = excluded.feed, generation = excluded.generation, policy = excluded.policy,
             on_hand_milli = excluded.on_hand_milli, reserved_milli = excluded.reserved_milli,
             allotted_milli = excluded.allotted_milli,
             allotted_proposed_milli = excluded.allotted_proposed_milli,
             leased_milli = excluded.leased_milli, in_doubt_milli = excluded.in_doubt_milli,
             low_stock_milli = excluded.low_stock_milli",
    )?
    .execute(params![
        level.location.as_str(),
        level.sku.as_str(),
        feed,
        generation,
        policy_text(level.policy),
        level.on_hand_milli.0,
        level.reserved_milli.0,
        level.allotted_milli.0,
        level.allotted_proposed_milli.0,
        level.leased_milli.0,
        level.in_doubt_milli.0,
        level.low_stock_milli.map(|limit| limit.0),
    ])?;
    conn.prepare_cached(
        "DELETE FROM overlay WHERE location = ?1 AND sku = ?2 AND effect_feed <= ?3",
    )?
    .execute(params![level.location.as_str(), level.sku.as_str(), feed])?;
    Ok(())
}

/// Removes a level.
pub(super) fn remove(conn: &Connection, location: &str, sku: &str) -> Result<(), TillError> {
    conn.prepare_cached("DELETE FROM stock WHERE location = ?1 AND sku = ?2")?
        .execute([location, sku])?;
    Ok(())
}

/// Drops the levels that an ended refetch did not name.
pub(super) fn sweep(conn: &Connection, generation: i64) -> Result<(), TillError> {
    conn.execute("DELETE FROM stock WHERE generation < ?1", [generation])?;
    Ok(())
}
