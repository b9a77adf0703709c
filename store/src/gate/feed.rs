//! The end of every transaction: what it changed becomes rows of the feed, under the feed's counter.

mod render;

use crate::args;
use crate::db::{DbError, Table, Tx};
use daybook_domain::ids::{CustomerId, LocationId, OrderId, Sku, StaffId};
use render::Rendered;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A key of the feed whose value this transaction changed. Its row is made from the tables at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirty {
    /// `settings`.
    Settings,
    /// `location/<location>`.
    Location(LocationId),
    /// `tax/<class>`.
    TaxClass(String),
    /// `item/<sku>`.
    Item(Sku),
    /// `staff/<staff>`.
    Staff(StaffId),
    /// `customer/<customer>`.
    Customer(CustomerId),
    /// `stock/<location>/<sku>`.
    Stock(LocationId, Sku),
    /// `order/<order>`.
    Order(OrderId),
    /// `ack/<till>/<incarnation>/<from>`, whose value is the transaction's own and stands in no table.
    Ack {
        /// The whole key.
        key: String,
        /// Whom it concerns.
        till: Uuid,
        /// The row as JSON.
        value: String,
    },
}

/// How far the feed goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedHead {
    /// The last number.
    pub feed: i64,
    /// Rolling digest there.
    pub digest: [u8; 32],
    /// Cursors below this must start anew.
    pub floor: i64,
}

impl Tx<'_> {
    /// Marks a key of the feed as changed.
    pub fn touch(&mut self, key: Dirty) {
        self.dirty.push(key);
    }
}

/// How far the feed goes now.
///
/// # Errors
/// [`DbError`].
pub fn current_head(tx: &mut Tx<'_>) -> Result<FeedHead, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT feed, digest, floor FROM feed_head WHERE tenant_id = $1",
        args![tenant],
    )?;
    Ok(FeedHead { feed: row.int(0)?, digest: row.hash(1)?, floor: row.int(2)? })
}

/// Writes the feed rows of a transaction. The counter is its last lock, so no reader sees n + 1 without n; the values are
/// read under that lock, so that of two transactions that touched one key the later row holds both changes.
pub(super) fn publish(tx: &mut Tx<'_>) -> Result<(), DbError> {
    let mut keys = std::mem::take(&mut tx.dirty);
    keys.sort_unstable();
    keys.dedup();
    let Ok(count) = i64::try_from(keys.len()) else { return Err(DbError::Busy) };
    if count == 0 {
        return Ok(());
    }
    let (tenant, txn, now_ms) = (tx.tenant(), tx.txn(), tx.now_ms());
    let head = tx.query_one(
        "UPDATE feed_head SET feed = feed + $2 WHERE tenant_id = $1 RETURNING feed, digest",
        args![tenant, count],
    )?;
    let (last, before) = (head.int(0)?, head.hash(1)?);
    let rows = render::render_all(tx, &keys)?;
    assert_eq!(rows.len(), keys.len(), "every dirty key becomes one row");
    write_rows(tx, last - count, &rows)?;
    let digest = roll(&before, last, &rows);
    tx.execute("UPDATE feed_head SET digest = $2 WHERE tenant_id = $1", args![tenant, digest])?;
    tx.execute(
        "INSERT INTO feed_log (tenant_id, feed, digest, txn, at_ms) VALUES ($1, $2, $3, $4, $5)",
        args![tenant, last, digest, txn, now_ms],
    )?;
    Ok(())
}

const FEED_ROW: Table = Table {
    name: "feed_row",
    columns: &["tenant_id", "key", "feed", "scope", "value"],
    then: "ON CONFLICT (tenant_id, key) DO UPDATE SET feed = excluded.feed, scope = excluded.scope, value = excluded.value",
};

fn write_rows(tx: &mut Tx<'_>, before: i64, rows: &[Rendered]) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let numbers: Vec<i64> = (before + 1..).take(rows.len()).collect();
    let values: Vec<Vec<_>> = rows
        .iter()
        .zip(&numbers)
        .map(|(row, feed)| args![tenant, row.key, *feed, row.scope, row.value].to_vec())
        .collect();
    tx.insert(&FEED_ROW, &values)
}

fn roll(before: &[u8; 32], last: i64, rows: &[Rendered]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(last.to_be_bytes());
    for row in rows {
        hasher.update(row.key.as_bytes());
        hasher.update([0]);
        hasher.update(row.value.as_deref().unwrap_or_default().as_bytes());
        hasher.update([0]);
    }
    hasher.finalize().into()
}
