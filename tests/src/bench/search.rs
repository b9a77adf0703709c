//! Search by words and by scan over a whole catalogue, beside the bare statements that find one word and one row in it.

use super::error::BenchError;
use super::figure::{Aim, Figure, Unit};
use super::shop;
use super::time::{Samples, rate, timed};
use daybook_sync::hash::Hash;
use daybook_sync::message::{Cursor, FeedPage, FeedRow};
use daybook_till::home::Home;
use daybook_till::ledger::keys::Keys;
use daybook_till::ledger::schema;
use daybook_till::{catalogue, feed, search};
use rusqlite::Connection;
use std::path::Path;

/// Products in one page of the feed, and so in one transaction.
const PAGE: u64 = 1_000;
/// Queries of each kind.
const QUERIES: u64 = 2_000;
/// Results that a person is shown.
const SHOWN: usize = 20;

/// Fills a till's catalogue to each size in turn, and searches there.
///
/// # Errors
/// The till refused, or a search did not find what is there.
pub fn measure(folder: &Path, sizes: &[u64]) -> Result<Vec<Figure>, BenchError> {
    let home = Home::open(&folder.join("search"))?;
    let keys = Keys::open(&home)?;
    let conn = schema::open_writer(&home.database())?;
    let bare = schema::open_writer(&folder.join("bare-search.db"))?;
    let (mut figures, mut filled) = (Vec::new(), 0);
    for size in sizes {
        let (done, took) = timed(|| fill(filled, *size, |page| index(&conn, &keys, &page)));
        done?;
        let (done, at_best) = timed(|| fill(filled, *size, |page| insert(&bare, page)));
        done?;
        let added = usize::try_from(size - filled).unwrap_or(0);
        let name = format!("products indexed, up to {size}");
        figures.push(
            Figure::new(name, Unit::PerSecond, rate(added, took)).beside(rate(added, at_best)),
        );
        filled = *size;
        figures.extend(look(&conn, *size)?);
    }
    Ok(figures)
}

/// Gives every product from one number to another in pages.
fn fill(
    from: u64,
    to: u64,
    mut take: impl FnMut(FeedPage) -> Result<(), BenchError>,
) -> Result<(), BenchError> {
    for start in (from..to).step_by(usize::try_from(PAGE).unwrap_or(1)) {
        let mut rows = Vec::new();
        for number in start..(start + PAGE).min(to) {
            let value = serde_json::to_string(&shop::item(number)?)?;
            let feed = i64::try_from(number).unwrap_or(0) + 1;
            rows.push(FeedRow::value(feed, format!("item/{}", shop::sku(number)), value)?);
        }
        let feed = i64::try_from(to).unwrap_or(0);
        let cursor = Cursor { epoch: 1, feed, digest: Hash([0; 32]), fill: None };
        take(FeedPage { rows, cursor, more: true })?;
    }
    Ok(())
}

fn index(conn: &Connection, keys: &Keys, page: &FeedPage) -> Result<(), BenchError> {
    let tx = conn.unchecked_transaction()?;
    feed::apply(conn, keys, page)?;
    tx.commit()?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// The same texts into a table without any index.
fn insert(conn: &Connection, page: FeedPage) -> Result<(), BenchError> {
    let tx = conn.unchecked_transaction()?;
    for row in page.rows {
        let value = row.value.as_ref().map_or("", |value| value.get());
        tx.prepare_cached(
            "INSERT INTO feed_row (key, feed, generation, value) VALUES (?1, ?2, 1, ?3)",
        )?
        .execute(rusqlite::params![row.key, row.feed, value])?;
    }
    tx.commit()?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

fn look(conn: &Connection, size: u64) -> Result<Vec<Figure>, BenchError> {
    let number = |n: usize, salt: u64| shop::mix(u64::try_from(n).unwrap_or(0) * 3 + salt) % size;
    let count = usize::try_from(QUERIES).unwrap_or(0);
    let queries: Vec<String> = (0..count).map(|n| query(number(n, 1), n)).collect();
    let codes: Vec<String> = (0..count).map(|n| shop::barcode(number(n, 2))).collect();
    for (query, code) in queries.iter().zip(&codes).take(200) {
        // Warm, and right: what is asked for is there.
        let found = search::search(conn, query, SHOWN)?.len();
        let scanned = catalogue::by_scan(conn, code)?.len();
        if found == 0 || scanned != 1 {
            return Err(BenchError::Unexpected(format!(
                "{query:?} found {found}, {code} {scanned}"
            )));
        }
    }
    let words = Samples::of(count, |n| {
        queries.get(n).map_or(Ok(()), |query| search::search(conn, query, SHOWN).map(|_| ()))
    })?;
    let bare_words = Samples::of(count, |n| bare_match(conn, number(n, 1)))?;
    let scans = Samples::of(count, |n| {
        codes.get(n).map_or(Ok(()), |code| catalogue::by_scan(conn, code).map(|_| ()))
    })?;
    let bare_rows = Samples::of(count, |n| bare_row(conn, number(n, 2)))?;
    let nanos = |what: &str, value, floor| {
        Figure::new(format!("{what}, {size} products"), Unit::Nanos, value).beside(floor)
    };
    Ok(vec![
        nanos("search, 20 best: p50", words.p50(), bare_words.p50()),
        nanos("search, 20 best: p99", words.p99(), bare_words.p99()).aims(Aim::AtMost(10_000_000)),
        nanos("search, 20 best: worst", words.permille(1000), bare_words.permille(1000)),
        nanos("barcode: p50", scans.p50(), bare_rows.p50()),
        nanos("barcode: p99", scans.p99(), bare_rows.p99()).aims(Aim::AtMost(50_000)),
    ])
}

/// The first rows of one word in the index, as the index gives them.
fn bare_match(conn: &Connection, number: u64) -> Result<(), rusqlite::Error> {
    let mut statement = conn.prepare_cached(
        "SELECT item.value FROM item_words JOIN item ON item.id = item_words.rowid
         WHERE item_words MATCH ?1 LIMIT ?2",
    )?;
    let name = search::fold(&shop::name(number));
    let word = name.split(' ').next().unwrap_or("");
    let shown = i64::try_from(SHOWN).unwrap_or(i64::MAX);
    let mut rows = statement.query(rusqlite::params![format!("\"{word}\""), shown])?;
    while let Some(row) = rows.next()? {
        row.get_ref(0)?;
    }
    Ok(())
}

/// One row by its primary key.
fn bare_row(conn: &Connection, number: u64) -> Result<(), rusqlite::Error> {
    let mut statement = conn.prepare_cached("SELECT value FROM item WHERE id = ?1")?;
    let id = i64::try_from(number).unwrap_or(i64::MAX) + 1;
    statement.query_row([id], |row| row.get::<_, String>(0)).map(|_| ())
}

/// What a person types for a product: its brand, a brand and a word, two frequent words, a few letters, or a part.
fn query(number: u64, n: usize) -> String {
    let name = shop::name(number);
    let words: Vec<&str> = name.split(' ').collect();
    let word = |at: usize| words.get(at).copied().unwrap_or("");
    let start = |word: &str, letters: usize| word.chars().take(letters).collect::<String>();
    match n % 6 {
        0 => word(0).to_lowercase(),
        1 => format!("{} {}", word(0), word(2)),
        2 => format!("{} {}", word(1), word(2)),
        3 => start(word(2), 2),
        4 => format!("{} {}", start(word(2), 3), start(word(1), 3)),
        _ => word(0).chars().skip(1).take(5).collect(),
    }
}
