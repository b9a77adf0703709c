//! Reconciliation of a whole book beside a bare scan of the rows it reads.

use super::error::BenchError;
use super::figure::{Figure, Unit};
use super::pattern::Pattern;
use super::pusher::Pusher;
use super::shop;
use super::time::Samples;
use daybook_domain::entry::StatementLine;
use daybook_domain::feed::StockRow;
use daybook_store::args;
use daybook_store::open::Store;
use daybook_store::reconcile::{Scope, reconcile};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};
use std::path::Path;
use uuid::Uuid;

/// Where the goods are; at each stands a till.
const LOCATIONS: [&str; 4] = [shop::LOCATION, "north", "south", "west"];
/// Lines in a part of a till's statement.
const PART_LINES: usize = 2_000;
/// Entries in an exchange: those of a statement are large.
const AT_ONCE: usize = 20;
/// Times that each is measured; the best counts.
const TIMES: usize = 3;
/// What a reconciliation reads.
const TABLES: [&str; 8] = [
    "stock_level",
    "stock_movement",
    "journal_entry",
    "document",
    "document_line",
    "document_tender",
    "shift",
    "feed_log",
];

/// Fills a book with so many products at each location and so many sales at each till, each of which has stated its
/// whole view, and reconciles it.
///
/// # Errors
/// The store refused, or the book does not balance.
pub fn measure(
    folder: &Path,
    pattern: &Pattern,
    products: u64,
    sales: usize,
) -> Result<Vec<Figure>, BenchError> {
    let store = shop::open_stores(&folder.join("book"), None, products, &LOCATIONS)?;
    for (seed, location) in (1..).zip(LOCATIONS) {
        keep(&store, pattern, (seed, location), sales)?;
    }
    let levels = usize::try_from(products).unwrap_or(0) * LOCATIONS.len();
    let whole = Samples::of(TIMES, |_| balance(&store, levels))?;
    let from = Connection::open(store.place.sqlite())?;
    let mut rows = 0;
    let scanned = Samples::of(TIMES, |_| scan(&from).map(|count| rows = count))?;
    let name = format!("reconcile, {products} SKU x {} locations ({rows} rows)", LOCATIONS.len());
    Ok(vec![Figure::new(name, Unit::Nanos, whole.best()).beside(scanned.best())])
}

/// A till that sold, and then said what it shows of each SKU.
fn keep(
    store: &Store,
    pattern: &Pattern,
    (seed, location): (u8, &str),
    sales: usize,
) -> Result<(), BenchError> {
    let mut pusher = Pusher::enrolled(store, location, seed)?;
    let entries = pattern.entries(pusher.till(), location, sales);
    pusher.write(&entries)?;
    pusher.push_all(store, AT_ONCE)?;
    let last = entries.last().ok_or_else(|| BenchError::Unexpected("no entry".to_owned()))?;
    let lines = shown(store, location)?;
    let parts = statement(&pusher, last, location, &lines);
    pusher.write(&parts)?;
    pusher.push_all(store, AT_ONCE)
}

/// The levels of a location as its feed states them.
fn shown(store: &Store, location: &str) -> Result<Vec<StatementLine>, BenchError> {
    let rows = store.gate.read(|tx| {
        tx.query(
            "SELECT feed, value FROM feed_row WHERE scope = $1 AND key LIKE 'stock/%' ORDER BY key",
            args![location],
        )
    })?;
    rows.iter()
        .map(|row| {
            let level: StockRow = serde_json::from_str(row.text(1)?)?;
            Ok(StatementLine {
                sku: level.sku,
                level_milli: level.on_hand_milli,
                row_feed: row.int(0)?,
                shown_milli: level.on_hand_milli,
            })
        })
        .collect()
}

fn statement(pusher: &Pusher, last: &Value, location: &str, lines: &[StatementLine]) -> Vec<Value> {
    let (till, head) = (pusher.till(), pusher.head());
    let id = |n: usize| {
        Uuid::from_u128(till.till.as_u128() ^ (u128::try_from(n).unwrap_or(0) << 64) ^ (1 << 40))
    };
    let parts = lines.len().div_ceil(PART_LINES);
    let feed = lines.iter().map(|line| line.row_feed).max().unwrap_or(0);
    (1..)
        .zip(lines.chunks(PART_LINES))
        .map(|(part, lines)| {
            let mut entry = last.clone();
            entry["id"] = json!(id(part));
            entry["kind"] = json!("till.statement");
            entry["body"] = json!({
                "statement": id(0), "part": part, "parts": parts, "location": location,
                "epoch": till.epoch, "feed": feed, "lines": lines,
                "head": {"incarnation": till.incarnation, "seq": head.seq, "hash": head.hash.to_string()},
            });
            entry
        })
        .collect()
}

fn balance(store: &Store, levels: usize) -> Result<(), BenchError> {
    let report = store.gate.read(|tx| reconcile(tx, &Scope::default()))?;
    if report.summary.holds() && report.summary.compared == levels {
        return Ok(());
    }
    Err(BenchError::Unexpected(serde_json::to_string(&report.summary)?))
}

/// Reads every value of the tables; how many rows they have.
fn scan(from: &Connection) -> Result<u64, BenchError> {
    let mut count = 0;
    for table in TABLES {
        let mut statement = from.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                std::hint::black_box::<ValueRef<'_>>(row.get_ref(column)?);
            }
            count += 1;
        }
    }
    Ok(count)
}
