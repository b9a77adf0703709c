//! Opening stock, and levels that a later import corrects.

use super::super::change::StockChange;
use crate::args;
use crate::db::{DbError, Table, Tx};
use crate::gate::Dirty;
use crate::master::{POLICIES, word};
use crate::stock::{self, MovementKind, Posting};
use daybook_domain::amount::Quantity;

const LEVEL: Table = Table {
    name: "stock_level",
    columns: &[
        "tenant_id",
        "location_id",
        "sku",
        "policy",
        "allotted_milli",
        "allotted_proposed_milli",
        "lease_size_milli",
        "low_stock_milli",
    ],
    then: "ON CONFLICT (tenant_id, location_id, sku) DO NOTHING",
};

pub(super) fn levels(tx: &mut Tx<'_>, changes: &[StockChange]) -> Result<(), DbError> {
    open(tx, changes)?;
    for change in changes.iter().filter(|change| !change.opening) {
        correct(tx, change)?;
    }
    let postings: Vec<Posting> = changes.iter().filter_map(posting).collect();
    stock::post(tx, &postings)?;
    for change in changes {
        tx.touch(Dirty::Stock(change.location.clone(), change.sku.clone()));
    }
    Ok(())
}

/// New levels. The first row that a till sees carries the allotment, so nothing was sold out of it before, and it
/// takes effect at once.
fn open(tx: &mut Tx<'_>, changes: &[StockChange]) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let new: Vec<_> = changes
        .iter()
        .filter(|change| change.opening)
        .map(|change| {
            let effective = change.allotted_milli.min(change.move_milli.max(Quantity::ZERO));
            let lease_size = change.lease_size_milli.unwrap_or_default();
            (change, word(&POLICIES, change.policy), effective, lease_size)
        })
        .collect();
    let rows: Vec<_> = new
        .iter()
        .map(|(change, policy, effective, lease_size)| {
            args![
                tenant,
                change.location,
                change.sku,
                *policy,
                *effective,
                change.allotted_milli,
                *lease_size,
                change.low_stock_milli
            ]
            .to_vec()
        })
        .collect();
    tx.insert(&LEVEL, &rows)
}

fn correct(tx: &mut Tx<'_>, change: &StockChange) -> Result<(), DbError> {
    let (location, sku) = (&change.location, &change.sku);
    let Some(found) = stock::lock(tx, location, sku)? else {
        return Err(DbError::corrupt("stock_level", sku));
    };
    let level = stock::with_policy(found.level, change.policy);
    let level = stock::proposed(level, change.allotted_milli);
    stock::save(tx, location, sku, &level)?;
    stock::set_limits(tx, location, sku, change.lease_size_milli, change.low_stock_milli)
}

fn posting(change: &StockChange) -> Option<Posting> {
    (!change.move_milli.is_zero()).then(|| Posting {
        location: change.location.clone(),
        sku: change.sku.clone(),
        quantity_milli: change.move_milli,
        kind: if change.opening { MovementKind::Opening } else { MovementKind::Adjustment },
        reason: Some("import".to_owned()),
        order: None,
        actor: "import".to_owned(),
    })
}
