//! Products as the store states them, with their codes and search words.

use crate::error::TillError;
use crate::search::fold;
use daybook_domain::feed::ItemRow;
use rusqlite::{Connection, OptionalExtension, params};

/// Writes a product.
pub(super) fn put(
    conn: &Connection,
    generation: i64,
    feed: i64,
    item: &ItemRow,
    text: &str,
) -> Result<(), TillError> {
    let folded = words_of(item);
    let before: Option<(i64, String)> = conn
        .prepare_cached("SELECT id, folded FROM item WHERE sku = ?1")?
        .query_row([item.sku.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let id = match &before {
        Some((id, _)) => {
            conn.prepare_cached(
                "UPDATE item SET feed = ?2, generation = ?3, archived = ?4, folded = ?5, value = ?6
                 WHERE id = ?1",
            )?
            .execute(params![id, feed, generation, item.archived, folded, text])?;
            conn.prepare_cached("DELETE FROM barcode WHERE item_id = ?1")?.execute([id])?;
            *id
        }
        None => {
            conn.prepare_cached(
                "INSERT INTO item (sku, feed, generation, archived, folded, value)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                item.sku.as_str(),
                feed,
                generation,
                item.archived,
                folded,
                text
            ])?;
            conn.last_insert_rowid()
        }
    };
    let mut code =
        conn.prepare_cached("INSERT OR IGNORE INTO barcode (code, item_id) VALUES (?1, ?2)")?;
    for barcode in &item.barcodes {
        code.execute(params![barcode, id])?;
    }
    match before {
        Some((_, before)) if before == folded => Ok(()),
        Some((id, _)) => {
            unindex(conn, id)?;
            index(conn, id, &folded)
        }
        None => index(conn, id, &folded),
    }
}

/// Removes a product.
pub(super) fn remove(conn: &Connection, sku: &str) -> Result<(), TillError> {
    let id: Option<i64> = conn
        .prepare_cached("SELECT id FROM item WHERE sku = ?1")?
        .query_row([sku], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(()) };
    unindex(conn, id)?;
    conn.prepare_cached("DELETE FROM barcode WHERE item_id = ?1")?.execute([id])?;
    conn.prepare_cached("DELETE FROM item WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Drops the products that an ended refetch did not name.
pub(super) fn sweep(conn: &Connection, generation: i64) -> Result<(), TillError> {
    let mut old = conn.prepare_cached("SELECT sku FROM item WHERE generation < ?1")?;
    let skus =
        old.query_map([generation], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    skus.iter().try_for_each(|sku| remove(conn, sku))
}

fn index(conn: &Connection, id: i64, folded: &str) -> Result<(), TillError> {
    conn.prepare_cached("INSERT INTO item_words (rowid, folded) VALUES (?1, ?2)")?
        .execute(params![id, folded])?;
    conn.prepare_cached("INSERT INTO item_trigrams (rowid, folded) VALUES (?1, ?2)")?
        .execute(params![id, folded])?;
    Ok(())
}

fn unindex(conn: &Connection, id: i64) -> Result<(), TillError> {
    conn.prepare_cached("DELETE FROM item_words WHERE rowid = ?1")?.execute([id])?;
    conn.prepare_cached("DELETE FROM item_trigrams WHERE rowid = ?1")?.execute([id])?;
    Ok(())
}

/// Everything a person may type to find it: name, options, SKU, codes.
fn words_of(item: &ItemRow) -> String {
    let options = item.options.iter().map(|(_, value)| value.as_str());
    let parts = std::iter::once(item.name.as_str())
        .chain(options)
        .chain(std::iter::once(item.sku.as_str()))
        .chain(item.barcodes.iter().map(String::as_str));
    fold(&parts.collect::<Vec<_>>().join(" "))
}
