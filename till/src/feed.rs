//! Applying the store's feed: catalogue, prices, taxes, staff, settings, levels, orders, acknowledgements.
//!
//! A page is applied in one transaction together with its cursor, so it can be cut off anywhere and goes on where
//! it was. A refetch writes over the rows it meets and drops the others when it has reached the end: the till
//! sells from what it has all the while.

mod effects;
mod items;
mod stock;

use crate::error::TillError;
use crate::ledger::keys::Keys;
use crate::ledger::state;
use daybook_domain::feed::{AckRow, CustomerRow, ItemRow, StaffRow, StockRow};
use daybook_sync::message::{Cursor, FeedPage, FeedRow};
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;

/// Where the till is in the feed; `None` before the first page.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn cursor(conn: &Connection) -> Result<Option<Cursor>, TillError> {
    state::get(conn, "cursor")
}

/// A value of the feed by its key.
///
/// # Errors
/// [`TillError::Corrupt`] when it is not of the expected form.
pub fn row<T: DeserializeOwned>(conn: &Connection, key: &str) -> Result<Option<T>, TillError> {
    let text: Option<String> = conn
        .prepare_cached("SELECT value FROM feed_row WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    text.map(|text| {
        serde_json::from_str(&text).map_err(|error| TillError::corrupt("feed_row", key, error))
    })
    .transpose()
}

/// All values whose key begins so, in the order of their keys.
///
/// # Errors
/// [`TillError::Corrupt`] when one is not of the expected form.
pub fn rows<T: DeserializeOwned>(conn: &Connection, prefix: &str) -> Result<Vec<T>, TillError> {
    let end = format!("{prefix}\u{10ffff}");
    let mut statement = conn.prepare_cached(
        "SELECT key, value FROM feed_row WHERE key >= ?1 AND key < ?2 ORDER BY key",
    )?;
    let mut found = statement.query([prefix, &end])?;
    let mut values = Vec::new();
    while let Some(row) = found.next()? {
        let (key, text): (String, String) = (row.get(0)?, row.get(1)?);
        values.push(
            serde_json::from_str(&text)
                .map_err(|error| TillError::corrupt("feed_row", key, error))?,
        );
    }
    Ok(values)
}

/// Applies a page and its cursor. Runs inside a transaction of the ledger.
///
/// A row that this program cannot read is kept aside and counted, never a reason to stop: a newer store may know
/// more. Returns how many those were.
///
/// # Errors
/// [`TillError::Database`].
pub fn apply(conn: &Connection, keys: &Keys, page: &FeedPage) -> Result<usize, TillError> {
    let generation: i64 = state::get(conn, "generation")?.unwrap_or(0);
    let mut unread = 0;
    for row in &page.rows {
        if !apply_row(conn, keys, generation, row)? {
            unread += 1;
            tracing::warn!(key = row.key, "a feed row could not be read");
        }
    }
    state::set(conn, "cursor", &page.cursor)?;
    Ok(unread)
}

/// Customers whose telephone number holds these digits, at most so many.
///
/// # Errors
/// [`TillError::Corrupt`] when one is not of the expected form.
pub fn customers_by_phone(
    conn: &Connection,
    digits: &str,
    limit: usize,
) -> Result<Vec<CustomerRow>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT value FROM feed_row WHERE key >= 'customer/' AND key < 'customer0'
           AND instr(json_extract(value, '$.phone'), ?1) > 0 ORDER BY key LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![digits, limit], |row| row.get::<_, String>(0))?;
    rows.map(|text| {
        serde_json::from_str(&text?)
            .map_err(|error| TillError::corrupt("feed_row", "customer", error))
    })
    .collect()
}

/// Keeps a customer that was entered here until the store tells of them.
///
/// # Errors
/// [`TillError::Database`].
pub fn put_customer(conn: &Connection, row: &CustomerRow) -> Result<(), TillError> {
    let generation: i64 = state::get(conn, "generation")?.unwrap_or(0);
    let key = format!("customer/{}", row.customer);
    let value =
        serde_json::to_string(row).map_err(|error| TillError::corrupt("feed_row", &key, error))?;
    put_plain(conn, generation, 0, &key, &value)
}

/// Begins a fill from nothing: its pages write over what is here, and [`end_fill`] drops what they did not name.
///
/// # Errors
/// [`TillError::Database`].
pub fn begin_fill(conn: &Connection) -> Result<(), TillError> {
    let generation: i64 = state::get(conn, "generation")?.unwrap_or(0);
    state::set(conn, "generation", &(generation + 1))
}

/// Drops what an ended fill did not name.
///
/// # Errors
/// [`TillError::Database`].
pub fn end_fill(conn: &Connection) -> Result<(), TillError> {
    let generation: i64 = state::get(conn, "generation")?.unwrap_or(0);
    items::sweep(conn, generation)?;
    stock::sweep(conn, generation)?;
    conn.execute("DELETE FROM feed_row WHERE generation < ?1", [generation])?;
    Ok(())
}

/// Forgets the cursor: the next exchange begins a fill. Catalogue and journal stay.
///
/// # Errors
/// [`TillError::Database`].
pub fn forget_cursor(conn: &Connection) -> Result<(), TillError> {
    state::clear(conn, "cursor")
}

/// Forgets at which feed the effects of entries after a position were applied.
///
/// # Errors
/// [`TillError::Database`].
pub fn forget_effects(conn: &Connection, ord: i64, received_through: i64) -> Result<(), TillError> {
    effects::forget_after(conn, ord, received_through)
}

/// Remembers from which entry on an incarnation is on a branch: no acknowledgement touches what lies there.
///
/// # Errors
/// [`TillError::Database`].
pub fn note_fork(
    conn: &Connection,
    incarnation: u32,
    forked_at: Option<i64>,
) -> Result<(), TillError> {
    let name = format!("forked_at/{incarnation}");
    match forked_at {
        Some(at) => state::set(conn, &name, &at),
        None => state::clear(conn, &name),
    }
}

fn apply_row(
    conn: &Connection,
    keys: &Keys,
    generation: i64,
    row: &FeedRow,
) -> Result<bool, TillError> {
    let (kind, rest) = row.key.split_once('/').unwrap_or((&row.key, ""));
    let Some(value) = row.value.as_ref().filter(|_| !row.deleted) else {
        return remove(conn, kind, rest, &row.key).map(|()| true);
    };
    let text = value.get();
    match kind {
        "item" => match serde_json::from_str::<ItemRow>(text) {
            Ok(item) => items::put(conn, generation, row.feed, &item, text).map(|()| true),
            Err(_) => Ok(false),
        },
        "stock" => match serde_json::from_str::<StockRow>(text) {
            Ok(level) => stock::put(conn, generation, row.feed, &level).map(|()| true),
            Err(_) => Ok(false),
        },
        "ack" => match serde_json::from_str::<AckRow>(text) {
            Ok(ack) => {
                effects::apply(conn, row.feed, &ack)?;
                put_plain(conn, generation, row.feed, &row.key, text).map(|()| true)
            }
            Err(_) => Ok(false),
        },
        "staff" => match serde_json::from_str::<StaffRow>(text) {
            Ok(mut staff) => {
                // Four digits fall to an offline search of their hash, so the hash is sealed.
                staff.pin_hash = hex::encode(keys.seal(staff.pin_hash.as_bytes())?);
                let sealed = serde_json::to_string(&staff)
                    .map_err(|error| TillError::corrupt("feed_row", &row.key, error))?;
                put_plain(conn, generation, row.feed, &row.key, &sealed).map(|()| true)
            }
            Err(_) => Ok(false),
        },
        _ => put_plain(conn, generation, row.feed, &row.key, text).map(|()| true),
    }
}

fn put_plain(
    conn: &Connection,
    generation: i64,
    feed: i64,
    key: &str,
    value: &str,
) -> Result<(), TillError> {
    conn.prepare_cached(
        "INSERT INTO feed_row (key, feed, generation, value) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (key) DO UPDATE SET
             feed = excluded.feed, generation = excluded.generation, value = excluded.value",
    )?
    .execute(params![key, feed, generation, value])?;
    Ok(())
}

fn remove(conn: &Connection, kind: &str, rest: &str, key: &str) -> Result<(), TillError> {
    match kind {
        "item" => items::remove(conn, rest),
        "stock" => {
            let (location, sku) = rest.split_once('/').unwrap_or((rest, ""));
            stock::remove(conn, location, sku)
        }
        "customer" => {
            // Erased at the store: what stands beside own entries goes too, their chain holds without it.
            conn.prepare_cached("DELETE FROM sidecar WHERE instr(CAST(body AS TEXT), ?1) > 0")?
                .execute([rest])?;
            conn.prepare_cached("DELETE FROM feed_row WHERE key = ?1")?.execute([key])?;
            Ok(())
        }
        _ => {
            conn.prepare_cached("DELETE FROM feed_row WHERE key = ?1")?.execute([key])?;
            Ok(())
        }
    }
}
