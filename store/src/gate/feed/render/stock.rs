//! Levels.

use super::Dirty;
use crate::db::{Arg, Bind, DbError, Lookup, Row, Tx};
use daybook_domain::amount::Quantity;
use daybook_domain::feed::{StockPolicy, StockRow};
use daybook_domain::ids::{LocationId, Sku};
use std::collections::HashMap;

const LEVEL: Lookup = Lookup {
    table: "stock_level",
    by: &["tenant_id", "location_id", "sku"],
    columns: &[
        "location_id",
        "sku",
        "policy",
        "on_hand_milli",
        "reserved_milli",
        "allotted_milli",
        "allotted_proposed_milli",
        "leased_milli",
        "in_doubt_milli",
        "low_stock_milli",
    ],
};

/// The levels of all dirty stock keys, read at once: a batch of sales touches many.
pub(super) fn levels(
    tx: &mut Tx<'_>,
    keys: &[Dirty],
) -> Result<HashMap<(LocationId, Sku), StockRow>, DbError> {
    let tenant = tx.tenant();
    let wanted: Vec<Vec<Arg<'_>>> = keys
        .iter()
        .filter_map(|key| match key {
            Dirty::Stock(location, sku) => Some(vec![Arg::Int(tenant), location.arg(), sku.arg()]),
            _ => None,
        })
        .collect();
    tx.find(&LEVEL, &wanted)?
        .iter()
        .map(|row| {
            let level = stock_row(row)?;
            Ok(((level.location.clone(), level.sku.clone()), level))
        })
        .collect()
}

fn stock_row(row: &Row) -> Result<StockRow, DbError> {
    Ok(StockRow {
        location: row.parsed(0, "stock_level")?,
        sku: row.parsed(1, "stock_level")?,
        policy: match row.text(2)? {
            "ring_fenced" => StockPolicy::RingFenced,
            "pooled_strict" => StockPolicy::PooledStrict,
            "pooled_soft" => StockPolicy::PooledSoft,
            _ => return Err(DbError::corrupt("stock_level", row.text(1)?)),
        },
        on_hand_milli: Quantity(row.int(3)?),
        reserved_milli: Quantity(row.int(4)?),
        allotted_milli: Quantity(row.int(5)?),
        allotted_proposed_milli: Quantity(row.int(6)?),
        leased_milli: Quantity(row.int(7)?),
        in_doubt_milli: Quantity(row.int(8)?),
        low_stock_milli: row.opt_int(9)?.map(Quantity),
    })
}
