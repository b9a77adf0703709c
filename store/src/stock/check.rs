//! What there is to sell, and what runs low.

use super::level::{self, Versioned};
use crate::args;
use crate::db::{DbError, Row, Tx};
use daybook_domain::amount::Quantity;
use daybook_domain::ids::{LocationId, Sku};
use serde::Serialize;

/// What the web may promise of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Availability {
    /// What.
    pub sku: Sku,
    /// On hand, thousandths.
    pub stock_milli: i64,
    /// Promised to orders.
    pub reserved_milli: i64,
    /// What another order could have.
    pub available_milli: i64,
    /// Whether that is anything.
    pub in_stock: bool,
    /// The same by location.
    pub locations: Vec<AvailableAt>,
}

/// What the web may promise at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AvailableAt {
    /// Where.
    pub location: LocationId,
    /// On hand, thousandths.
    pub stock_milli: i64,
    /// Promised to orders.
    pub reserved_milli: i64,
    /// What another order could have.
    pub available_milli: i64,
}

/// What the web may promise of a SKU, at one location or at all; nothing for an unknown SKU.
///
/// # Errors
/// [`DbError`].
pub fn available(
    tx: &mut Tx<'_>,
    sku: &Sku,
    location: Option<&LocationId>,
) -> Result<Option<Availability>, DbError> {
    let tenant = tx.tenant();
    if tx
        .query_opt("SELECT 1 FROM item WHERE tenant_id = $1 AND sku = $2", args![tenant, sku])?
        .is_none()
    {
        return Ok(None);
    }
    let rows = tx.query(
        "SELECT location_id FROM stock_level WHERE tenant_id = $1 AND sku = $2 ORDER BY location_id",
        args![tenant, sku],
    )?;
    let mut locations = Vec::new();
    for row in &rows {
        let place: LocationId = row.parsed(0, "stock_level")?;
        if location.is_some_and(|only| *only != place) {
            continue;
        }
        let Some(Versioned { level, .. }) = level::find(tx, &place, sku)? else { continue };
        let available = level.web_available().map_err(|_| DbError::corrupt("stock_level", sku))?;
        locations.push(AvailableAt {
            location: place,
            stock_milli: level.on_hand_milli.0,
            reserved_milli: level.reserved_milli.0,
            available_milli: available.0,
        });
    }
    let sum =
        |part: fn(&AvailableAt) -> i64| locations.iter().map(part).fold(0_i64, i64::saturating_add);
    let available_milli = sum(|at| at.available_milli);
    Ok(Some(Availability {
        sku: sku.clone(),
        stock_milli: sum(|at| at.stock_milli),
        reserved_milli: sum(|at| at.reserved_milli),
        available_milli,
        in_stock: available_milli > 0,
        locations,
    }))
}

/// A level that runs low.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LowStock {
    /// Where.
    pub location: String,
    /// What.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// On hand, thousandths.
    pub on_hand_milli: i64,
    /// Warned at or below this.
    pub limit_milli: i64,
}

/// Levels at or below their limit, or below `limit` where they have none; the emptiest first.
///
/// # Errors
/// [`DbError`].
pub fn low(tx: &mut Tx<'_>, limit: Quantity) -> Result<Vec<LowStock>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT l.location_id, l.sku, i.name, l.on_hand_milli, coalesce(l.low_stock_milli, $2)
         FROM stock_level l JOIN item i ON i.tenant_id = l.tenant_id AND i.sku = l.sku
         WHERE l.tenant_id = $1 AND l.on_hand_milli <= coalesce(l.low_stock_milli, $2) AND i.archived = 0
         ORDER BY l.on_hand_milli, l.sku, l.location_id",
        args![tenant, limit],
    )?;
    let low = |row: &Row| {
        Ok(LowStock {
            location: row.text(0)?.to_owned(),
            sku: row.text(1)?.to_owned(),
            name: row.text(2)?.to_owned(),
            on_hand_milli: row.int(3)?,
            limit_milli: row.int(4)?,
        })
    };
    rows.iter().map(low).collect()
}
