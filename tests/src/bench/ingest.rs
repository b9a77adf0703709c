//! What a store takes in: journals of several tills, prepared and signed beforehand, pushed without a network.

use super::error::BenchError;
use super::figure::{Aim, Figure, Unit};
use super::pattern::Pattern;
use super::postgres_rows;
use super::pusher::Pusher;
use super::rows;
use super::shop;
use super::time::{rate, timed};
use daybook_store::open::Store;
use daybook_sync::limits::PUSH_ENTRIES_MAX;
use rusqlite::Connection;
use std::path::Path;

/// Tills that push at the same time.
const TILLS: usize = 4;
/// Sales in a transaction of the floor.
const FLOOR_BATCH: usize = 1_000;

/// What an exchange writes for a sale: the table, and the place in the journal of the sale that a row belongs to.
const TABLES: [(&str, &str); 5] = [
    ("journal_entry", "rowid"),
    (
        "document",
        concat!(
            "(SELECT e.rowid FROM journal_entry e WHERE e.tenant_id = document.tenant_id ",
            "AND e.till_id = document.till_id AND e.incarnation = document.incarnation AND e.seq = document.seq)"
        ),
    ),
    (
        "document_line",
        concat!(
            "(SELECT e.rowid FROM document d JOIN journal_entry e ON e.tenant_id = d.tenant_id ",
            "AND e.till_id = d.till_id AND e.incarnation = d.incarnation AND e.seq = d.seq ",
            "WHERE d.tenant_id = document_line.tenant_id AND d.document_id = document_line.document_id)"
        ),
    ),
    (
        "document_tender",
        concat!(
            "(SELECT e.rowid FROM document d JOIN journal_entry e ON e.tenant_id = d.tenant_id ",
            "AND e.till_id = d.till_id AND e.incarnation = d.incarnation AND e.seq = d.seq ",
            "WHERE d.tenant_id = document_tender.tenant_id AND d.document_id = document_tender.document_id)"
        ),
    ),
    (
        "stock_movement",
        concat!(
            "(SELECT e.rowid FROM journal_entry e WHERE e.tenant_id = stock_movement.tenant_id ",
            "AND e.till_id = stock_movement.till_id AND e.incarnation = stock_movement.incarnation ",
            "AND e.seq = stock_movement.seq)"
        ),
    ),
];

/// Sales a second that a store takes.
fn speed(store: &Store, pattern: &Pattern, sales: usize) -> Result<u64, BenchError> {
    let each = sales / TILLS;
    let mut pushers = (1..)
        .take(TILLS)
        .map(|seed| {
            let mut pusher = Pusher::enrolled(store, shop::LOCATION, seed)?;
            pusher.write(&pattern.entries(pusher.till(), shop::LOCATION, each))?;
            Ok(pusher)
        })
        .collect::<Result<Vec<_>, BenchError>>()?;
    let (done, took) = timed(|| {
        std::thread::scope(|scope| {
            let threads: Vec<_> = pushers
                .iter_mut()
                .map(|pusher| scope.spawn(|| pusher.push_all(store, PUSH_ENTRIES_MAX)))
                .collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().map_err(|_| BenchError::Unexpected("a push panicked".to_owned()))?
            })
        })
    });
    done?;
    let count = |sql: &str| -> Result<i64, BenchError> {
        Ok(store.gate.read(|tx| tx.query_one(sql, &[])?.int(0))?)
    };
    let documents = count("SELECT count(*) FROM document")?;
    let waiting = count("SELECT count(*) FROM quarantine")?;
    if usize::try_from(documents).ok() != Some(each * TILLS) || waiting > 0 {
        return Err(BenchError::Unexpected(format!(
            "{documents} documents, {waiting} in quarantine"
        )));
    }
    Ok(rate(each * TILLS, took))
}

/// Measures on SQLite. Returns the rate too, as a floor for what goes over a network.
///
/// # Errors
/// The store refused.
pub fn on_sqlite(
    folder: &Path,
    pattern: &Pattern,
    products: u64,
    sales: usize,
) -> Result<(Figure, u64), BenchError> {
    let data = folder.join("ingest");
    let store = shop::open_store(&data, None, products)?;
    let taken = speed(&store, pattern, sales)?;
    let from = Connection::open(store.place.sqlite())?;
    let writes = rows::writes(&from, &TABLES, 0)?;
    let bare = rows::bare_copy(&from, &folder.join("bare-store.db"))?;
    let floor = rate(sales, rows::insert_batched(&bare, &writes, FLOOR_BATCH)?);
    let figure = Figure::new("store ingest, SQLite, 4 tills: sales", Unit::PerSecond, taken)
        .beside(floor)
        .aims(Aim::AtLeastPercentOfFloor(60));
    Ok((figure, taken))
}

/// Measures on a PostgreSQL server, in a database of its own that is dropped afterwards.
///
/// # Errors
/// The store or the server refused.
pub fn on_postgres(
    folder: &Path,
    pattern: &Pattern,
    products: u64,
    sales: usize,
    server: &str,
) -> Result<Figure, BenchError> {
    let database = postgres_rows::Database::make(server)?;
    let store = shop::open_store(
        &folder.join("ingest-postgres"),
        Some(database.url().to_owned()),
        products,
    )?;
    let taken = speed(&store, pattern, sales)?;
    drop(store);
    let tables = TABLES.map(|(table, _)| table);
    let took = database.copy_bare(&tables, sales.div_ceil(FLOOR_BATCH))?;
    Ok(Figure::new("store ingest, PostgreSQL, 4 tills: sales", Unit::PerSecond, taken)
        .beside(rate(sales, took))
        .aims(Aim::AtLeastPercentOfFloor(50)))
}
