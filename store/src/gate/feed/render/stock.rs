//! Levels.

use super::Dirty;
use crate::args;
use crate::db::{Arg, Bind, DbError, Row, Tx};
use daybook_domain::amount::Quantity;
use daybook_domain::feed::{StockPolicy, StockRow};
use daybook_domain::ids::{LocationId, Sku};
use std::collections::{BTreeMap, HashMap};

/// Levels read by one statement.
const CHUNK: usize = 64;

/// The levels of all dirty stock keys, read in chunks: a batch of sales touches many.
pub(super) fn levels(
    tx: &mut Tx<'_>,
    keys: &[Dirty],
) -> Result<HashMap<(LocationId, Sku), StockRow>, DbError> {
    let mut wanted: BTreeMap<&LocationId, Vec<&Sku>> = BTreeMap::new();
    for key in keys {
        if let Dirty::Stock(location, sku) = key {
            wanted.entry(location).or_default().push(sku);
        }
    }
    let slots: Vec<String> = (3..CHUNK + 3).map(|n| format!("${n}")).collect();
    let sql = format!(
        "SELECT sku, policy, on_hand_milli, reserved_milli, allotted_milli, allotted_proposed_milli, leased_milli,
                in_doubt_milli, low_stock_milli
         FROM stock_level WHERE tenant_id = $1 AND location_id = $2 AND sku IN ({})",
        slots.join(", ")
    );
    let tenant = tx.tenant();
    let mut found = HashMap::new();
    for (location, skus) in wanted {
        for chunk in skus.chunks(CHUNK) {
            let mut args: Vec<Arg<'_>> = args![tenant, location].to_vec();
            args.extend(chunk.iter().map(Bind::arg));
            // One statement for every size of chunk: the rest of the slots stay empty.
            args.resize(CHUNK + 2, Arg::Null);
            for row in tx.query(&sql, &args)? {
                let level = stock_row(location, &row)?;
                found.insert((location.clone(), level.sku.clone()), level);
            }
        }
    }
    Ok(found)
}

fn stock_row(location: &LocationId, row: &Row) -> Result<StockRow, DbError> {
    Ok(StockRow {
        sku: row.parsed(0, "stock_level")?,
        location: location.clone(),
        policy: match row.text(1)? {
            "ring_fenced" => StockPolicy::RingFenced,
            "pooled_strict" => StockPolicy::PooledStrict,
            "pooled_soft" => StockPolicy::PooledSoft,
            _ => return Err(DbError::corrupt("stock_level", row.text(0)?)),
        },
        on_hand_milli: Quantity(row.int(2)?),
        reserved_milli: Quantity(row.int(3)?),
        allotted_milli: Quantity(row.int(4)?),
        allotted_proposed_milli: Quantity(row.int(5)?),
        leased_milli: Quantity(row.int(6)?),
        in_doubt_milli: Quantity(row.int(7)?),
        low_stock_milli: row.opt_int(8)?.map(Quantity),
    })
}
