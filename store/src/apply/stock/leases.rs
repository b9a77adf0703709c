//! Sales under a lease: what is sold leaves the lease and the level's `leased` (or `in_doubt`) part.

use crate::apply::{Placed, Unapplied};
use crate::args;
use crate::db::Tx;
use crate::exceptions::{Raised, raise};
use daybook_domain::entry::{Fact, Movement};
use std::collections::BTreeMap;

pub(super) fn spend<'a>(
    tx: &mut Tx<'_>,
    facts: &[Placed<'a>],
    movements_of: impl Fn(&'a Fact) -> &'a [Movement],
) -> Result<(), Unapplied> {
    let mut sold: BTreeMap<i64, (i64, &Placed<'a>, &'a Movement)> = BTreeMap::new();
    for placed in facts {
        for movement in movements_of(placed.fact) {
            let Some(fence) = movement.lease else { continue };
            let entry = sold.entry(fence).or_insert((0, placed, movement));
            entry.0 = entry.0.saturating_sub(movement.quantity_milli.0);
        }
    }
    for (fence, (quantity, placed, movement)) in sold {
        spend_one(tx, fence, quantity, placed, movement)?;
    }
    Ok(())
}

/// `quantity` is what left the shelf, negative for goods that came back.
fn spend_one(
    tx: &mut Tx<'_>,
    fence: i64,
    quantity: i64,
    placed: &Placed<'_>,
    movement: &Movement,
) -> Result<(), Unapplied> {
    if quantity <= 0 {
        return Ok(());
    }
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT remaining_milli, state FROM lease
         WHERE tenant_id = $1 AND lease_id = $2 AND till_id = $3 AND sku = $4 AND location_id = $5",
        args![tenant, fence, placed.till, movement.sku, movement.location],
    )?;
    let (remaining, state) = match &row {
        Some(row) => (row.int(0)?, row.text(1)?),
        None => (0, "unknown"),
    };
    let column = match state {
        "granted" => Some("leased_milli"),
        "in_doubt" => Some("in_doubt_milli"),
        _ => None,
    };
    let covered = if column.is_some() { quantity.min(remaining) } else { 0 };
    if let Some(column) = column.filter(|_| covered > 0) {
        tx.execute(
            "UPDATE lease SET remaining_milli = remaining_milli - $3 WHERE tenant_id = $1 AND lease_id = $2",
            args![tenant, fence, covered],
        )?;
        let sql = format!(
            "UPDATE stock_level SET {column} = {column} - $4, version = version + 1
             WHERE tenant_id = $1 AND location_id = $2 AND sku = $3"
        );
        tx.execute(&sql, args![tenant, movement.location, movement.sku, covered])?;
    }
    if covered == quantity {
        return Ok(());
    }
    let raised = Raised {
        kind: "lease.overspent",
        subject: format!("lease/{fence}"),
        location: Some(movement.location.clone()),
        sku: Some(movement.sku.clone()),
        till: Some(placed.till),
        detail: format!(
            "{} at {}: {} thousandths sold under lease {fence} ({state}), {covered} of them covered by it",
            movement.sku, movement.location, quantity
        ),
        ..Raised::default()
    };
    Ok(raise(tx, &raised)?)
}
