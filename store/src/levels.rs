//! One level at a time: read under a lock, changed by the rules of the domain, written back.

use crate::args;
use crate::db::{DbError, Row, Tx};
use crate::gate::Dirty;
use daybook_domain::amount::Quantity;
use daybook_domain::feed::StockPolicy;
use daybook_domain::ids::{LocationId, Sku};
use daybook_domain::stock::Level;

/// Reads a level and holds its row until the transaction ends. Nothing where the SKU has no row there.
///
/// # Errors
/// [`DbError`].
pub fn lock(tx: &mut Tx<'_>, location: &LocationId, sku: &Sku) -> Result<Option<Level>, DbError> {
    let tenant = tx.tenant();
    // An update that changes nothing is the lock that both engines know.
    let row = tx.query_opt(
        "UPDATE stock_level SET version = version WHERE tenant_id = $1 AND location_id = $2 AND sku = $3
         RETURNING policy, on_hand_milli, reserved_milli, allotted_milli, allotted_proposed_milli, leased_milli,
                   in_doubt_milli",
        args![tenant, location, sku],
    )?;
    row.map(|row| level(&row)).transpose()
}

/// Writes a level back and marks its row of the feed.
///
/// # Errors
/// [`DbError`]; the schema refuses a part below zero.
pub fn write(
    tx: &mut Tx<'_>,
    location: &LocationId,
    sku: &Sku,
    level: &Level,
) -> Result<(), DbError> {
    let tenant = tx.tenant();
    tx.execute(
        "UPDATE stock_level SET on_hand_milli = $4, reserved_milli = $5, allotted_milli = $6,
             allotted_proposed_milli = $7, leased_milli = $8, in_doubt_milli = $9, version = version + 1
         WHERE tenant_id = $1 AND location_id = $2 AND sku = $3",
        args![
            tenant,
            location,
            sku,
            level.on_hand_milli,
            level.reserved_milli,
            level.allotted_milli,
            level.allotted_proposed_milli,
            level.leased_milli,
            level.in_doubt_milli
        ],
    )?;
    tx.touch(Dirty::Stock(location.clone(), sku.clone()));
    Ok(())
}

fn level(row: &Row) -> Result<Level, DbError> {
    Ok(Level {
        policy: policy(row.text(0)?)?,
        on_hand_milli: Quantity(row.int(1)?),
        reserved_milli: Quantity(row.int(2)?),
        allotted_milli: Quantity(row.int(3)?),
        allotted_proposed_milli: Quantity(row.int(4)?),
        leased_milli: Quantity(row.int(5)?),
        in_doubt_milli: Quantity(row.int(6)?),
    })
}

/// A policy as it stands in the table.
///
/// # Errors
/// [`DbError::Corrupt`].
pub fn policy(text: &str) -> Result<StockPolicy, DbError> {
    match text {
        "ring_fenced" => Ok(StockPolicy::RingFenced),
        "pooled_strict" => Ok(StockPolicy::PooledStrict),
        "pooled_soft" => Ok(StockPolicy::PooledSoft),
        other => Err(DbError::corrupt("stock_level", other)),
    }
}
