//! Tax classes and items.

use crate::args;
use crate::db::{DbError, Table, Tx};
use crate::gate::Dirty;
use crate::master::{UOMS, word};
use daybook_domain::feed::{ItemRow, TaxClassRow};

pub(super) fn tax_class(tx: &mut Tx<'_>, row: &TaxClassRow) -> Result<(), DbError> {
    let tenant = tx.tenant();
    tx.execute(
        "INSERT INTO tax_class (tenant_id, class) VALUES ($1, $2) ON CONFLICT (tenant_id, class) DO NOTHING",
        args![tenant, row.class],
    )?;
    for rate in &row.rates {
        tx.execute(
            "INSERT INTO tax_rate (tenant_id, class, from_day, rate_ppm) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant_id, class, from_day) DO UPDATE SET rate_ppm = excluded.rate_ppm",
            args![tenant, row.class, rate.from, rate.rate_ppm],
        )?;
    }
    tx.touch(Dirty::TaxClass(row.class.clone()));
    Ok(())
}

const ITEM: Table = Table {
    name: "item",
    columns: &[
        "tenant_id",
        "sku",
        "product",
        "name",
        "options",
        "category",
        "uom",
        "sold_by_weight",
        "hsn",
        "tax_class",
        "mrp_minor",
        "archived",
    ],
    then: "ON CONFLICT (tenant_id, sku) DO UPDATE SET product = excluded.product, name = excluded.name,
        options = excluded.options, category = excluded.category, uom = excluded.uom,
        sold_by_weight = excluded.sold_by_weight, hsn = excluded.hsn, tax_class = excluded.tax_class,
        mrp_minor = excluded.mrp_minor, archived = excluded.archived, version = item.version + 1",
};

const PRICE: Table = Table {
    name: "item_price",
    columns: &["tenant_id", "sku", "from_ms", "unit_price_micros"],
    then: "ON CONFLICT (tenant_id, sku, from_ms) DO UPDATE SET unit_price_micros = excluded.unit_price_micros",
};

/// A code that moves from one item to another is taken over, whichever is written first.
const BARCODE: Table = Table {
    name: "barcode",
    columns: &["tenant_id", "code", "sku"],
    then: "ON CONFLICT (tenant_id, code) DO UPDATE SET sku = excluded.sku",
};

pub(super) fn items(tx: &mut Tx<'_>, items: &[ItemRow]) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let options = items
        .iter()
        .map(|item| {
            serde_json::to_string(&item.options).map_err(|_| DbError::corrupt("item", &item.sku))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let uoms: Vec<&str> = items.iter().map(|item| word(&UOMS, item.uom)).collect();
    let rows: Vec<_> = items
        .iter()
        .zip(options.iter().zip(&uoms))
        .map(|(item, (options, uom))| {
            args![
                tenant,
                item.sku,
                item.product,
                item.name,
                *options,
                item.category,
                *uom,
                item.sold_by_weight,
                item.hsn,
                item.tax_class,
                item.mrp_minor,
                item.archived
            ]
            .to_vec()
        })
        .collect();
    tx.insert(&ITEM, &rows)?;
    let prices: Vec<_> = items
        .iter()
        .flat_map(|item| item.prices.iter().map(move |price| (item, price)))
        .map(|(item, price)| {
            args![tenant, item.sku, price.from_ms, price.unit_price_micros].to_vec()
        })
        .collect();
    tx.insert(&PRICE, &prices)?;
    barcodes(tx, items)?;
    items.iter().for_each(|item| tx.touch(Dirty::Item(item.sku.clone())));
    Ok(())
}

fn barcodes(tx: &mut Tx<'_>, items: &[ItemRow]) -> Result<(), DbError> {
    let tenant = tx.tenant();
    for item in items {
        tx.execute(
            "DELETE FROM barcode WHERE tenant_id = $1 AND sku = $2",
            args![tenant, item.sku],
        )?;
    }
    let codes: Vec<_> = items
        .iter()
        .flat_map(|item| item.barcodes.iter().map(move |code| (item, code)))
        .map(|(item, code)| args![tenant, *code, item.sku].to_vec())
        .collect();
    tx.insert(&BARCODE, &codes)
}
