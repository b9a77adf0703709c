//! What can be sold, as the feed brought it: products by SKU and by scan, tax classes, people, customers.

use crate::error::TillError;
use crate::feed;
use daybook_domain::amount::{Currency, OutOfRange, Quantity};
use daybook_domain::barcode::{ElementError, Elements, Embedded, Layout, SEPARATOR, elements};
use daybook_domain::feed::{CustomerRow, ItemRow, LocationRow, Settings, TaxClassRow};
use daybook_domain::gtin::{Gtin, GtinError};
use daybook_domain::ids::{CustomerId, LocationId, Sku};
use rusqlite::{Connection, OptionalExtension};

/// A product by its SKU, archived ones too: they come back as returns.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn item(conn: &Connection, sku: &Sku) -> Result<Option<ItemRow>, TillError> {
    let text: Option<String> = conn
        .prepare_cached("SELECT value FROM item WHERE sku = ?1")?
        .query_row([sku.as_str()], |row| row.get(0))
        .optional()?;
    text.map(|text| {
        serde_json::from_str(&text).map_err(|error| TillError::corrupt("item", sku, error))
    })
    .transpose()
}

/// Rules of the business.
///
/// # Errors
/// Refused as `catalogue.empty` before the first exchange.
pub fn settings(conn: &Connection) -> Result<Settings, TillError> {
    feed::row(conn, "settings")?.ok_or_else(|| {
        TillError::refused("catalogue.empty", "no settings yet: exchange with the store first")
    })
}

/// Seller as printed on documents of a location.
///
/// # Errors
/// Refused as `catalogue.empty` before the first exchange.
pub fn location(conn: &Connection, location: &LocationId) -> Result<LocationRow, TillError> {
    feed::row(conn, &format!("location/{location}"))?.ok_or_else(|| {
        TillError::refused("catalogue.empty", "no location yet: exchange with the store first")
    })
}

/// A tax class.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn tax_class(conn: &Connection, class: &str) -> Result<Option<TaxClassRow>, TillError> {
    feed::row(conn, &format!("tax/{class}"))
}

/// All tax classes.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn tax_classes(conn: &Connection) -> Result<Vec<TaxClassRow>, TillError> {
    feed::rows(conn, "tax/")
}

/// A known customer.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn customer(conn: &Connection, id: CustomerId) -> Result<Option<CustomerRow>, TillError> {
    feed::row(conn, &format!("customer/{id}"))
}

/// Products that a code leads to, sellable ones only. Several when a code was given twice: a person chooses.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn by_code(conn: &Connection, code: &str) -> Result<Vec<ItemRow>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT item.value FROM barcode JOIN item ON item.id = barcode.item_id
         WHERE barcode.code = ?1 AND item.archived = 0 ORDER BY item.id",
    )?;
    let rows = statement.query_map([code], |row| row.get::<_, String>(0))?;
    rows.map(|text| {
        serde_json::from_str(&text?).map_err(|error| TillError::corrupt("item", code, error))
    })
    .collect()
}

/// Products of a scan: the code as a GTIN in any of its forms, as it stands (PLU, in-store code), or as a SKU.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn by_scan(conn: &Connection, scan: &str) -> Result<Vec<ItemRow>, TillError> {
    let scan = scan.trim();
    if let Ok(gtin) = Gtin::parse(scan) {
        let found = by_code(conn, gtin.as_str())?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let found = by_code(conn, scan)?;
    if !found.is_empty() {
        return Ok(found);
    }
    let Ok(sku) = Sku::new(scan) else { return Ok(found) };
    Ok(item(conn, &sku)?.filter(|item| !item.archived).into_iter().collect())
}

/// What a scan leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// Products that have this code; several when it was given twice: a person chooses. With how many a pack says it holds.
    Items(Vec<ItemRow>, Option<Quantity>),
    /// A product by the label of a scale or of its maker, with the weight or price on it.
    Label(Box<ItemRow>, Embedded),
    /// Nothing that is known here.
    Unknown,
}

/// Reads a scan: an exact code or SKU first, then the labels of the shop's own scales, then GS1 elements (ISO/IEC 15424
/// symbology identifiers are dropped), then whether it was misread.
///
/// # Errors
/// Refused as `barcode.check_digit` or `barcode.price_verifier` when it was misread, `item.unknown` for a good label of
/// goods that are not in the catalogue; [`TillError::Corrupt`].
pub fn scan(
    conn: &Connection,
    layouts: &[Layout],
    currency: Currency,
    scan: &str,
) -> Result<Scan, TillError> {
    let code = without_symbology(scan.trim());
    let found = by_scan(conn, code)?;
    if !found.is_empty() {
        return Ok(Scan::Items(found, None));
    }
    for layout in layouts {
        let read = layout.read(code);
        let read = read.map_err(|error| TillError::refused(error.code(), error.to_string()))?;
        let Some(label) = read else { continue };
        let item = by_code(conn, &label.item)?.into_iter().next().ok_or_else(|| {
            let message = format!("{} on the label is not in the catalogue", label.item);
            TillError::refused("item.unknown", message).with("sku", &label.item)
        })?;
        return Ok(Scan::Label(Box::new(item), label.embedded));
    }
    let said_gs1 = code.len() < scan.trim().len();
    match elements(code, SEPARATOR, currency) {
        Ok(Elements { gtin: Some(gtin), .. }) if by_code(conn, gtin.as_str())?.is_empty() => {
            return Ok(Scan::Unknown);
        }
        Ok(read) if read.gtin.is_some() => return pack(conn, &read, currency),
        Err(ElementError::Gtin(GtinError::CheckDigit { .. })) if said_gs1 => {
            return Err(misread(code));
        }
        Ok(_) | Err(_) => {}
    }
    match Gtin::parse(code) {
        Err(GtinError::CheckDigit { .. }) => Err(misread(code)),
        Ok(_) | Err(_) => Ok(Scan::Unknown),
    }
}

fn misread(code: &str) -> TillError {
    let message = format!("{code} was misread: its check digit is wrong");
    TillError::refused("barcode.check_digit", message).with("code", code)
}

/// A scan without what some scanners say of its kind: `]`, a letter and a digit.
fn without_symbology(scan: &str) -> &str {
    match scan.as_bytes() {
        [b']', letter, modifier, _, ..]
            if letter.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric() =>
        {
            &scan[3..]
        }
        _ => scan,
    }
}

/// What its maker wrote on a pack: the price of it in the shop's currency, the weight of goods that are weighed, how many
/// it holds.
fn pack(conn: &Connection, read: &Elements, currency: Currency) -> Result<Scan, TillError> {
    let gtin = read.gtin.as_ref().map_or("", Gtin::as_str);
    let mut found = by_code(conn, gtin)?;
    if found.len() == 1 && read.count.is_none() {
        let ours = read.price_currency.is_none_or(|number| currency.number() == Some(number));
        let price = read.price_minor.filter(|_| ours);
        let weight = read.weight_milli.filter(|_| found[0].sold_by_weight);
        let said = match (price, weight) {
            (Some(price), _) => Some(Embedded::PriceMinor(price.0)),
            (None, Some(weight)) => Some(Embedded::WeightMilli(weight.0)),
            (None, None) => None,
        };
        if let Some(said) = said {
            return Ok(Scan::Label(Box::new(found.remove(0)), said));
        }
    }
    let count = read.count.filter(|count| *count > 1);
    Ok(Scan::Items(found, count.map(|count| Quantity(count.saturating_mul(Quantity::WHOLE)))))
}

/// How much is meant by a quantity of packs, each of so much.
pub(crate) fn in_all(
    packs: Option<Quantity>,
    each: Option<Quantity>,
) -> Result<Option<Quantity>, TillError> {
    let (Some(packs), Some(each)) = (packs, each) else { return Ok(packs.or(each)) };
    let milli = packs.0.checked_mul(each.0).ok_or(OutOfRange)?;
    Ok(Some(Quantity(milli / Quantity::WHOLE)))
}

/// A label says how much it is: several of one are scanned one by one, as their weights differ.
pub(crate) fn one_label(quantity: Option<Quantity>) -> Result<(), TillError> {
    if quantity.is_none_or(|quantity| quantity.0 == Quantity::WHOLE) {
        return Ok(());
    }
    let message = "a scale's label is sold one by one";
    Err(TillError::refused("barcode.label_quantity", message))
}

/// Categories with what can be sold, by name, and how many products each has.
///
/// # Errors
/// [`TillError::Database`].
pub fn categories(conn: &Connection) -> Result<Vec<(String, u32)>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT json_extract(value, '$.category') AS category,
                count(DISTINCT json_extract(value, '$.product'))
         FROM item WHERE archived = 0 GROUP BY category ORDER BY category",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, Option<String>>(0)?.unwrap_or_default(), row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Part of a category by name: the first variant of each product.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn shelf(
    conn: &Connection,
    category: &str,
    offset: u32,
    limit: u32,
) -> Result<Vec<ItemRow>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT value FROM item WHERE id IN (
             SELECT min(id) FROM item
             WHERE archived = 0 AND json_extract(value, '$.category') = ?1
             GROUP BY json_extract(value, '$.name') COLLATE NOCASE, json_extract(value, '$.product')
             ORDER BY json_extract(value, '$.name') COLLATE NOCASE LIMIT ?2 OFFSET ?3)
         ORDER BY json_extract(value, '$.name') COLLATE NOCASE, id",
    )?;
    let rows = statement
        .query_map(rusqlite::params![category, limit, offset], |row| row.get::<_, String>(0))?;
    rows.map(|text| read(&text?)).collect()
}

/// How many products a category has.
///
/// # Errors
/// [`TillError::Database`].
pub fn shelf_size(conn: &Connection, category: &str) -> Result<u32, TillError> {
    Ok(conn
        .prepare_cached(
            "SELECT count(DISTINCT json_extract(value, '$.product')) FROM item
             WHERE archived = 0 AND json_extract(value, '$.category') = ?1",
        )?
        .query_row([category], |row| row.get(0))?)
}

/// Variants of a product, in the order that they came.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn variants(conn: &Connection, product: &str) -> Result<Vec<ItemRow>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT value FROM item
         WHERE archived = 0 AND json_extract(value, '$.product') = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([product], |row| row.get::<_, String>(0))?;
    rows.map(|text| read(&text?)).collect()
}

/// How many variants a product has.
///
/// # Errors
/// [`TillError::Database`].
pub fn count_variants(conn: &Connection, product: &str) -> Result<u32, TillError> {
    Ok(conn
        .prepare_cached(
            "SELECT count(*) FROM item
             WHERE archived = 0 AND json_extract(value, '$.product') = ?1",
        )?
        .query_row([product], |row| row.get(0))?)
}

fn read(text: &str) -> Result<ItemRow, TillError> {
    serde_json::from_str(text).map_err(|error| TillError::corrupt("item", "value", error))
}
