//! The first fill of a fresh till, in a process of its own so that its memory is its own.

use super::error::BenchError;
use super::figure::{Aim, Figure, Unit};
use super::machine;
use super::rows;
use super::shop;
use super::till;
use super::time::timed;
use daybook_domain::ids::Sku;
use daybook_till::catalogue;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;

/// What the filled till says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub struct Filled {
    nanos: u64,
    rows: u64,
    memory: Option<u64>,
}

/// What a fill writes: the table, and a number that says which product a row belongs to.
const TABLES: [(&str, &str); 3] = [
    ("item", "id"),
    ("barcode", "item_id"),
    ("stock", "(SELECT id FROM item WHERE item.sku = stock.sku)"),
];

/// Enrols and fills a fresh till, in this process.
///
/// # Errors
/// Till or store refused, or the last product is not there.
pub fn fill(folder: &Path, url: &str, code: &str, products: u64) -> Result<Filled, BenchError> {
    let ledger = till::enrol(folder, url, code)?;
    let (done, took) = timed(|| till::sync(ledger));
    let (ledger, report) = done?;
    let last = shop::sku(products - 1);
    let sku = Sku::new(last.as_str()).map_err(|_| BenchError::Unexpected(last.clone()))?;
    if catalogue::item(ledger.reader(), &sku)?.is_none() {
        return Err(BenchError::Unexpected(format!("{last} is missing after the fill")));
    }
    ledger.close()?;
    let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    Ok(Filled { nanos, rows: report.rows, memory: machine::peak_memory(std::process::id()) })
}

/// Runs [`fill`] as a process and measures the floor of what it left.
///
/// # Errors
/// The process failed, or the database refused.
pub fn measure(folder: &Path, served: &mut till::Served) -> Result<Vec<Figure>, BenchError> {
    let home = folder.join("filled");
    let products = served.products;
    let code = served.code()?;
    let output = Command::new(std::env::current_exe()?)
        .args(["--fill", &served.process.url(), &code, &products.to_string(), "--out"])
        .arg(&home)
        .output()?;
    if !output.status.success() {
        return Err(BenchError::Unexpected(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let filled: Filled = serde_json::from_slice(&output.stdout)?;
    let from = Connection::open(home.join("till.db"))?;
    let writes = rows::writes(&from, &TABLES, 0)?;
    let bare = rows::bare_copy(&from, &folder.join("bare-fill.db"))?;
    let took = rows::insert_batched(&bare, &writes, 500)?;
    let floor = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    let name = format!("first fill, {products} products with levels ({} rows)", filled.rows);
    let mut figures = vec![
        Figure::new(name, Unit::Nanos, filled.nanos).beside(floor).aims(Aim::AtMost(5_000_000_000)),
    ];
    if let Some(memory) = filled.memory {
        figures.push(Figure::new("memory: till, peak of the first fill", Unit::Bytes, memory));
    }
    Ok(figures)
}
