//! More promised than there is: a question for a person, closed when nothing is endangered any more.

use super::level;
use crate::args;
use crate::db::{DbError, Tx};
use crate::exceptions::{Raised, close, raise};
use daybook_domain::ids::{LocationId, Sku};

const KIND: &str = "stock.oversold";

/// A SKU at a location.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Where.
    pub location: &'a LocationId,
    /// What.
    pub sku: &'a Sku,
}

impl Place<'_> {
    fn subject(self) -> String {
        format!("stock/{}/{}", self.location, self.sku)
    }
}

/// Facts may drive what is free below zero; whoever was promised something must then be told. `promised` is what
/// others hold a right on; what is in doubt is nobody's any more.
///
/// # Errors
/// [`DbError`].
pub fn oversold(
    tx: &mut Tx<'_>,
    place: Place<'_>,
    free: i64,
    promised: i64,
) -> Result<(), DbError> {
    if free >= 0 {
        return Ok(());
    }
    let numbers = endangered(tx, place)?;
    if promised == 0 && numbers.is_empty() {
        return Ok(());
    }
    let Place { location, sku } = place;
    let detail = format!(
        "{sku} at {location}: {} thousandths more promised than there are; orders in danger, newest first: {}; \
         ship from another location, put on backorder, or refund",
        free.unsigned_abs(),
        if numbers.is_empty() { "none".to_owned() } else { numbers.join(", ") }
    );
    let raised = Raised {
        kind: KIND,
        subject: place.subject(),
        location: Some(location.clone()),
        sku: Some(sku.clone()),
        detail,
        ..Raised::default()
    };
    raise(tx, &raised)
}

/// Closes the question about a level when nothing that was promised is endangered any more.
///
/// # Errors
/// [`DbError`].
pub fn reassess(tx: &mut Tx<'_>, location: &LocationId, sku: &Sku) -> Result<(), DbError> {
    let place = Place { location, sku };
    let Some(found) = level::find(tx, location, sku)? else { return Ok(()) };
    let level = found.level;
    let free = level.free().map_err(|_| DbError::corrupt("stock_level", sku))?;
    let rights = [level.reserved_milli, level.allotted_milli, level.leased_milli];
    let promised = rights.iter().any(|right| !right.is_zero());
    if free.0 < 0 && (promised || !endangered(tx, place)?.is_empty()) {
        return Ok(());
    }
    close(tx, KIND, &place.subject(), "store", "nothing that was promised is endangered any more")
}

/// Orders that count on these goods, newest first. Paid ones that have not left are in danger too, though their goods
/// are deducted.
fn endangered(tx: &mut Tx<'_>, place: Place<'_>) -> Result<Vec<String>, DbError> {
    let tenant = tx.tenant();
    let orders = tx.query(
        "SELECT o.number FROM reservation r JOIN web_order o ON o.tenant_id = r.tenant_id AND o.order_id = r.order_id
         WHERE r.tenant_id = $1 AND r.sku = $2 AND r.location_id = $3
             AND (r.state = 'held' OR r.state = 'deducted' AND o.state IN ('paid', 'processing'))
         ORDER BY r.created_at_ms DESC, o.number DESC LIMIT 20",
        args![tenant, place.sku, place.location],
    )?;
    orders.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}
