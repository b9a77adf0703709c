//! One level at a time: read, locked, saved.

use crate::args;
use crate::db::{DbError, Row, Tx};
use crate::gate::Dirty;
use crate::master::{self, POLICIES, word};
use daybook_domain::amount::Quantity;
use daybook_domain::feed::StockPolicy;
use daybook_domain::ids::{LocationId, Sku};
use daybook_domain::stock::Level;

/// A level with its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versioned {
    /// The level.
    pub level: Level,
    /// Counts its changes.
    pub version: i64,
}

fn versioned(row: &Row) -> Result<Versioned, DbError> {
    let policy = row.text(0)?;
    let level = Level {
        policy: master::policy(policy).ok_or_else(|| DbError::corrupt("stock_level", policy))?,
        on_hand_milli: Quantity(row.int(1)?),
        leased_milli: Quantity(row.int(2)?),
        in_doubt_milli: Quantity(row.int(3)?),
        reserved_milli: Quantity(row.int(4)?),
        allotted_milli: Quantity(row.int(5)?),
        allotted_proposed_milli: Quantity(row.int(6)?),
    };
    Ok(Versioned { level, version: row.int(7)? })
}

/// Reads a level.
///
/// # Errors
/// [`DbError`].
pub fn find(
    tx: &mut Tx<'_>,
    location: &LocationId,
    sku: &Sku,
) -> Result<Option<Versioned>, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT policy, on_hand_milli, leased_milli, in_doubt_milli, reserved_milli, allotted_milli,
                allotted_proposed_milli, version
         FROM stock_level WHERE tenant_id = $1 AND location_id = $2 AND sku = $3",
        args![tenant, location, sku],
    )?;
    row.as_ref().map(versioned).transpose()
}

/// Reads a level and keeps others from it until the end of the transaction. Lock several in the order of location
/// and SKU. The version is the new one.
///
/// # Errors
/// [`DbError`].
pub fn lock(
    tx: &mut Tx<'_>,
    location: &LocationId,
    sku: &Sku,
) -> Result<Option<Versioned>, DbError> {
    let tenant = tx.tenant();
    // An update is what locks a row on both engines.
    let row = tx.query_opt(
        "UPDATE stock_level SET version = version + 1
         WHERE tenant_id = $1 AND location_id = $2 AND sku = $3
         RETURNING policy, on_hand_milli, leased_milli, in_doubt_milli, reserved_milli, allotted_milli,
                   allotted_proposed_milli, version",
        args![tenant, location, sku],
    )?;
    row.as_ref().map(versioned).transpose()
}

/// Writes the parts of a locked level that are rights; `on_hand` changes with a movement only, see
/// [`post`](super::post). A raised proposal has no feed number yet: that of the one before must not stand for it.
///
/// # Errors
/// [`DbError`].
pub fn save(
    tx: &mut Tx<'_>,
    location: &LocationId,
    sku: &Sku,
    level: &Level,
) -> Result<(), DbError> {
    let tenant = tx.tenant();
    tx.execute(
        "UPDATE stock_level SET policy = $4, leased_milli = $5, in_doubt_milli = $6, reserved_milli = $7,
             allotted_milli = $8, allotted_proposed_milli = $9,
             proposed_feed = CASE WHEN $9 > allotted_proposed_milli THEN NULL ELSE proposed_feed END
         WHERE tenant_id = $1 AND location_id = $2 AND sku = $3",
        args![
            tenant,
            location,
            sku,
            *word(&POLICIES, level.policy),
            level.leased_milli,
            level.in_doubt_milli,
            level.reserved_milli,
            level.allotted_milli,
            level.allotted_proposed_milli
        ],
    )?;
    tx.touch(Dirty::Stock(location.clone(), sku.clone()));
    Ok(())
}

/// A level under another policy. What was set aside for the web is free again unless it stays ring-fenced.
#[must_use]
pub fn with_policy(level: Level, policy: StockPolicy) -> Level {
    if policy == StockPolicy::RingFenced {
        return Level { policy, ..level };
    }
    let allotted_milli = Quantity::ZERO;
    Level { policy, allotted_milli, allotted_proposed_milli: Quantity::ZERO, ..level }
}

/// A level of which so much shall be set aside: lowering takes effect at once, raising when every till has seen it.
#[must_use]
pub fn proposed(level: Level, target: Quantity) -> Level {
    let allotted_milli = level.allotted_milli.min(target);
    Level { allotted_milli, allotted_proposed_milli: target, ..level }
}

/// Sets lease size and warning limit; `None` leaves them.
///
/// # Errors
/// [`DbError`].
pub fn set_limits(
    tx: &mut Tx<'_>,
    location: &LocationId,
    sku: &Sku,
    lease_size_milli: Option<Quantity>,
    low_stock_milli: Option<Quantity>,
) -> Result<(), DbError> {
    let tenant = tx.tenant();
    tx.execute(
        "UPDATE stock_level SET lease_size_milli = coalesce($4, lease_size_milli),
             low_stock_milli = coalesce($5, low_stock_milli)
         WHERE tenant_id = $1 AND location_id = $2 AND sku = $3",
        args![tenant, location, sku, lease_size_milli, low_stock_milli],
    )?;
    if low_stock_milli.is_some() {
        tx.touch(Dirty::Stock(location.clone(), sku.clone()));
    }
    Ok(())
}
