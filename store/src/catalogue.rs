//! Single items and tax classes as a sale needs them.

use crate::args;
use crate::db::{DbError, Tx};
use crate::master;
use daybook_domain::amount::{Minor, RatePpm, UnitPrice};
use daybook_domain::feed::{DatedPrice, DatedRate, ItemRow, TaxClassRow};
use daybook_domain::ids::Sku;

/// An item with its prices; barcodes are left out.
///
/// # Errors
/// [`DbError`].
pub fn item(tx: &mut Tx<'_>, sku: &Sku) -> Result<Option<ItemRow>, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT product, name, options, category, uom, sold_by_weight, hsn, tax_class, mrp_minor, archived
         FROM item WHERE tenant_id = $1 AND sku = $2",
        args![tenant, sku],
    )?;
    let Some(row) = row else { return Ok(None) };
    let corrupt = || DbError::corrupt("item", sku);
    let prices = tx.query(
        "SELECT from_ms, unit_price_micros FROM item_price WHERE tenant_id = $1 AND sku = $2 ORDER BY from_ms",
        args![tenant, sku],
    )?;
    let price = |row: &crate::db::Row| {
        Ok::<_, DbError>(DatedPrice {
            from_ms: row.int(0)?,
            unit_price_micros: UnitPrice(row.int(1)?),
        })
    };
    Ok(Some(ItemRow {
        sku: sku.clone(),
        product: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
        options: serde_json::from_str(row.text(2)?).map_err(|_| corrupt())?,
        category: row.text(3)?.to_owned(),
        uom: master::uom(row.text(4)?).ok_or_else(corrupt)?,
        sold_by_weight: row.bool(5)?,
        hsn: row.opt_text(6)?.map(str::to_owned),
        tax_class: row.text(7)?.to_owned(),
        mrp_minor: row.opt_int(8)?.map(Minor),
        barcodes: Vec::new(),
        prices: prices.iter().map(price).collect::<Result<_, _>>()?,
        archived: row.bool(9)?,
    }))
}

/// A tax class with its rates.
///
/// # Errors
/// [`DbError`].
pub fn tax_class(tx: &mut Tx<'_>, class: &str) -> Result<TaxClassRow, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT from_day, rate_ppm FROM tax_rate WHERE tenant_id = $1 AND class = $2 ORDER BY from_day",
        args![tenant, class],
    )?;
    let rate = |row: &crate::db::Row| {
        Ok::<_, DbError>(DatedRate {
            from: row.text(0)?.to_owned(),
            rate_ppm: RatePpm(row.int(1)?),
        })
    };
    let rates = rows.iter().map(rate).collect::<Result<_, _>>()?;
    Ok(TaxClassRow { class: class.to_owned(), rates })
}
