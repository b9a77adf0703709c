//! Tax classes and items.

use super::Rendered;
use crate::args;
use crate::db::{DbError, Row, Tx};
use daybook_domain::amount::{Minor, RatePpm, UnitPrice, Uom};
use daybook_domain::feed::{DatedPrice, DatedRate, ItemRow, TaxClassRow};
use daybook_domain::ids::Sku;

pub(super) fn tax_class(tx: &mut Tx<'_>, class: &str) -> Result<Rendered, DbError> {
    let tenant = tx.tenant();
    let rates = tx
        .query(
            "SELECT from_day, rate_ppm FROM tax_rate WHERE tenant_id = $1 AND class = $2 ORDER BY from_day",
            args![tenant, class],
        )?
        .iter()
        .map(|row| Ok(DatedRate { from: row.text(0)?.to_owned(), rate_ppm: RatePpm(row.int(1)?) }))
        .collect::<Result<Vec<_>, DbError>>()?;
    let value = (!rates.is_empty()).then(|| TaxClassRow { class: class.to_owned(), rates });
    Rendered::of(format!("tax/{class}"), String::new(), value.as_ref())
}

pub(super) fn item(tx: &mut Tx<'_>, sku: &Sku) -> Result<Rendered, DbError> {
    let tenant = tx.tenant();
    let found = tx.query_opt(
        "SELECT product, name, options, category, uom, sold_by_weight, hsn, tax_class, mrp_minor, archived
         FROM item WHERE tenant_id = $1 AND sku = $2",
        args![tenant, sku],
    )?;
    let item = found.map(|row| item_row(tx, sku, &row)).transpose()?;
    Rendered::of(format!("item/{sku}"), String::new(), item.as_ref())
}

fn item_row(tx: &mut Tx<'_>, sku: &Sku, row: &Row) -> Result<ItemRow, DbError> {
    let tenant = tx.tenant();
    let corrupt = |_| DbError::corrupt("item", sku);
    let prices = tx
        .query(
            "SELECT from_ms, unit_price_micros FROM item_price WHERE tenant_id = $1 AND sku = $2 ORDER BY from_ms",
            args![tenant, sku],
        )?
        .iter()
        .map(|row| Ok(DatedPrice { from_ms: row.int(0)?, unit_price_micros: UnitPrice(row.int(1)?) }))
        .collect::<Result<Vec<_>, DbError>>()?;
    let barcodes = tx
        .query(
            "SELECT code FROM barcode WHERE tenant_id = $1 AND sku = $2 ORDER BY code",
            args![tenant, sku],
        )?
        .iter()
        .map(|row| row.text(0).map(str::to_owned))
        .collect::<Result<Vec<_>, DbError>>()?;
    Ok(ItemRow {
        sku: sku.clone(),
        product: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
        options: serde_json::from_str(row.text(2)?).map_err(corrupt)?,
        category: row.text(3)?.to_owned(),
        uom: match row.text(4)? {
            "each" => Uom::Each,
            "kg" => Uom::Kg,
            "litre" => Uom::Litre,
            "metre" => Uom::Metre,
            "gallon" => Uom::Gallon,
            _ => return Err(DbError::corrupt("item", sku)),
        },
        sold_by_weight: row.bool(5)?,
        hsn: row.opt_text(6)?.map(str::to_owned),
        tax_class: row.text(7)?.to_owned(),
        mrp_minor: row.opt_int(8)?.map(Minor),
        barcodes,
        prices,
        archived: row.bool(9)?,
    })
}
