//! The end of every transaction: what it changed becomes rows of the feed, under the feed's counter.

mod render;

use crate::args;
use crate::db::{Arg, DbError, Table, Tx};
use daybook_domain::ids::{CustomerId, LocationId, OrderId, Sku, StaffId};
use daybook_sync::feed::{LogRow, number};
use daybook_sync::message::FeedRow;
use std::collections::BTreeMap;
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

impl Tx<'_> {
    /// Marks a key of the feed as changed.
    pub fn touch(&mut self, key: Dirty) {
        self.dirty.push(key);
    }
}

/// How far the feed goes: the newest row of its log.
///
/// # Errors
/// [`DbError`].
pub fn current_head(tx: &mut Tx<'_>) -> Result<LogRow, DbError> {
    let tenant = tx.tenant();
    let row =
        tx.query_one("SELECT feed, digest FROM feed_head WHERE tenant_id = $1", args![tenant])?;
    Ok(LogRow { feed: row.int(0)?, digest: row.hash(1)? })
}

/// How far the feed goes, held until the end of the transaction: nothing is numbered in between. The last lock but for
/// rows that are held already.
///
/// # Errors
/// [`DbError`].
pub fn hold_head(tx: &mut Tx<'_>) -> Result<LogRow, DbError> {
    lock_head(tx).map(|(_, head)| head)
}

/// Writes the feed rows of a transaction. The counter is its last lock, so no reader sees n + 1 without n; the
/// values are read under that lock, so that of two transactions that touched one key the later row holds both changes.
pub(super) fn publish(tx: &mut Tx<'_>) -> Result<(), DbError> {
    let mut keys = std::mem::take(&mut tx.dirty);
    if keys.is_empty() {
        return Ok(());
    }
    keys.sort_unstable();
    keys.dedup();
    let (epoch, last) = lock_head(tx)?;
    let rendered = render::render_all(tx, &keys)?;
    let mut scopes = BTreeMap::new();
    let mut dirty = BTreeMap::new();
    for row in rendered {
        scopes.insert(row.key.clone(), row.scope);
        dirty.insert(row.key, row.value);
    }
    let numbered =
        number(epoch, &last, dirty).map_err(|error| DbError::corrupt("feed_row", error))?;
    write_rows(tx, &numbered.rows, &scopes)?;
    append_log(tx, &numbered.log)
}

/// Takes the counter. Nothing else is locked after it.
fn lock_head(tx: &mut Tx<'_>) -> Result<(i64, LogRow), DbError> {
    let tenant = tx.tenant();
    let head = tx.query_one(
        "UPDATE feed_head SET floor = floor WHERE tenant_id = $1 RETURNING feed, digest",
        args![tenant],
    )?;
    let state =
        tx.query_one("SELECT epoch FROM store_state WHERE tenant_id = $1", args![tenant])?;
    Ok((state.int(0)?, LogRow { feed: head.int(0)?, digest: head.hash(1)? }))
}

const FEED_ROW: Table = Table {
    name: "feed_row",
    columns: &["tenant_id", "key", "feed", "scope", "value"],
    then: "ON CONFLICT (tenant_id, key) DO UPDATE
           SET feed = excluded.feed, scope = excluded.scope, value = excluded.value",
};

fn write_rows(
    tx: &mut Tx<'_>,
    rows: &[FeedRow],
    scopes: &BTreeMap<String, String>,
) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let values: Vec<Vec<Arg<'_>>> = rows
        .iter()
        .map(|row| {
            let scope = scopes.get(&row.key).map_or("", String::as_str);
            let value = row.value.as_ref().map_or(Arg::Null, |value| Arg::Text(value.get()));
            vec![Arg::Int(tenant), Arg::Text(&row.key), Arg::Int(row.feed), Arg::Text(scope), value]
        })
        .collect();
    tx.insert(&FEED_ROW, &values)
}

fn append_log(tx: &mut Tx<'_>, log: &LogRow) -> Result<(), DbError> {
    let (tenant, txn, now_ms) = (tx.tenant(), tx.txn(), tx.now_ms());
    tx.execute(
        "UPDATE feed_head SET feed = $2, digest = $3 WHERE tenant_id = $1",
        args![tenant, log.feed, log.digest],
    )?;
    tx.execute(
        "INSERT INTO feed_log (tenant_id, feed, digest, txn, at_ms) VALUES ($1, $2, $3, $4, $5)",
        args![tenant, log.feed, log.digest, txn, now_ms],
    )?;
    Ok(())
}
