//! Movements and what they make of the levels, and leases that are sold from.

mod leases;

use super::limits::INTEGER_MAX;
use super::{Placed, Unapplied, sales::sale_of};
use crate::args;
use crate::db::{Arg, Bind, Row, Table, Tx};
use crate::gate::Dirty;
use crate::stock;
use crate::tills;
use daybook_domain::entry::{Fact, Movement, MovementReason};
use daybook_domain::ids::{LocationId, Sku};
use std::collections::BTreeMap;
use uuid::Uuid;

const LEVEL: Table = Table {
    name: "stock_level",
    columns: &["tenant_id", "location_id", "sku", "on_hand_milli"],
    then: "ON CONFLICT (tenant_id, location_id, sku) DO UPDATE
           SET on_hand_milli = stock_level.on_hand_milli + excluded.on_hand_milli, version = stock_level.version + 1
           RETURNING location_id, sku, on_hand_milli - reserved_milli - allotted_milli - leased_milli - in_doubt_milli,
                     reserved_milli + allotted_milli + leased_milli, on_hand_milli",
};

const MOVEMENT: Table = Table {
    name: "stock_movement",
    columns: &[
        "tenant_id",
        "txn",
        "no",
        "location_id",
        "sku",
        "quantity_milli",
        "kind",
        "reason",
        "till_id",
        "incarnation",
        "seq",
        "lease_id",
        "beyond_rights",
        "actor",
        "at_ms",
    ],
    then: "",
};

/// Movements of a fact, and the reason given for them.
pub(super) fn movements_of(fact: &Fact) -> (&[Movement], Option<&str>) {
    if let Some((_, sale)) = sale_of(fact) {
        return (&sale.movements, None);
    }
    match fact {
        Fact::StockReceived(moved)
        | Fact::StockAdjusted(moved)
        | Fact::StockWrittenOff(moved)
        | Fact::StockTransferredOut(moved)
        | Fact::StockTransferredIn(moved) => (&moved.movements, moved.reason.as_deref()),
        Fact::IncarnationStarted(_)
        | Fact::AppStarted(_)
        | Fact::StaffSignedIn(_)
        | Fact::StaffSignedOut(_)
        | Fact::StaffSignInFailed(_)
        | Fact::StaffLocked(_)
        | Fact::ShiftOpened(_)
        | Fact::ShiftClosed(_)
        | Fact::XReport(_)
        | Fact::CashPaidIn(_)
        | Fact::CashPaidOut(_)
        | Fact::CashDropped(_)
        | Fact::CashLoaned(_)
        | Fact::DrawerOpened(_)
        | Fact::SaleCompleted(_)
        | Fact::RefundCompleted(_)
        | Fact::ExchangeCompleted(_)
        | Fact::SaleVoided(_)
        | Fact::BasketParked(_)
        | Fact::BasketRecalled(_)
        | Fact::BasketAborted(_)
        | Fact::StockCounted(_)
        | Fact::ReceiptReprinted(_)
        | Fact::CustomerCreated(_)
        | Fact::OrderPicked(_)
        | Fact::OrderShipped(_)
        | Fact::OrderHandedOver(_)
        | Fact::ClockJumped(_)
        | Fact::Statement(_) => (&[], None),
    }
}

pub(super) fn apply(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    let mut change: BTreeMap<(&LocationId, &Sku), i64> = BTreeMap::new();
    for placed in facts {
        for movement in movements_of(placed.fact).0 {
            let sum = change.entry((&movement.location, &movement.sku)).or_default();
            *sum = sum
                .checked_add(movement.quantity_milli.0)
                .ok_or_else(|| Unapplied::new("movement.out_of_range", &movement.sku))?;
        }
    }
    if change.is_empty() {
        return Ok(());
    }
    let till = facts.first().map(|placed| placed.till);
    if let Some(till) = till {
        own_location(tx, till, &change)?;
    }
    known(tx, facts.len(), &change)?;
    // Leases first: what was sold under one leaves `leased` together with `on_hand`, so `free` never dips.
    leases::spend(tx, facts, |fact| movements_of(fact).0)?;
    let levels = change_levels(tx, &change)?;
    insert_movements(tx, facts)?;
    for level in &levels {
        let location: LocationId = level.parsed(0, "stock_level")?;
        let sku: Sku = level.parsed(1, "stock_level")?;
        let place = stock::Place { location: &location, sku: &sku };
        within_range("body.movements", place, level.int(4)?)?;
        stock::oversold(tx, place, level.int(2)?, level.int(3)?)?;
    }
    Ok(())
}

/// Refuses to bring a level out of the range of the protocol's integers.
pub(super) fn within_range(
    field: &str,
    place: stock::Place<'_>,
    on_hand_milli: i64,
) -> Result<(), Unapplied> {
    if on_hand_milli.unsigned_abs() <= INTEGER_MAX {
        return Ok(());
    }
    let stock::Place { location, sku } = place;
    let detail = format!("{field}: {sku} at {location} would leave ±2^53 thousandths");
    Err(Unapplied::new("stock.level_out_of_range", detail))
}

/// Names what is booked at a location where the till does not stand and never stood.
fn own_location(
    tx: &mut Tx<'_>,
    till: Uuid,
    change: &BTreeMap<(&LocationId, &Sku), i64>,
) -> Result<(), Unapplied> {
    // What it sold before it was moved may come after.
    let places = tills::stood_at(tx, till)?;
    let strange = |key: &&(&LocationId, &Sku)| !places.iter().any(|place| place == key.0.as_str());
    match change.keys().find(strange) {
        Some((location, _)) => {
            let here = places.first().map_or("", String::as_str);
            let detail = format!("body.movements: {location} is not the till's location, {here}");
            Err(Unapplied::new("movement.other_location", detail))
        }
        None => Ok(()),
    }
}

/// With one entry at hand, names the SKU that the catalogue lacks; for a whole push the foreign key tells.
fn known(
    tx: &mut Tx<'_>,
    facts: usize,
    change: &BTreeMap<(&LocationId, &Sku), i64>,
) -> Result<(), Unapplied> {
    if facts > 1 {
        return Ok(());
    }
    let tenant = tx.tenant();
    for (location, sku) in change.keys() {
        if tx
            .query_opt("SELECT 1 FROM item WHERE tenant_id = $1 AND sku = $2", args![tenant, *sku])?
            .is_none()
        {
            return Err(Unapplied::new(
                "movement.unknown_sku",
                format!("body.movements: {sku} is not in the catalogue"),
            ));
        }
        let sql = "SELECT 1 FROM location WHERE tenant_id = $1 AND location_id = $2";
        if tx.query_opt(sql, args![tenant, *location])?.is_none() {
            return Err(Unapplied::new(
                "movement.unknown_location",
                format!("body.movements: there is no location {location}"),
            ));
        }
    }
    Ok(())
}

/// One row for each SKU and location in a fixed order, so that two tills never wait for each other in a circle.
fn change_levels(
    tx: &mut Tx<'_>,
    change: &BTreeMap<(&LocationId, &Sku), i64>,
) -> Result<Vec<Row>, Unapplied> {
    let tenant = tx.tenant();
    let rows: Vec<Vec<Arg<'_>>> = change
        .iter()
        .map(|((location, sku), sum)| {
            vec![Arg::Int(tenant), location.arg(), sku.arg(), Arg::Int(*sum)]
        })
        .collect();
    let levels = tx.insert_returning(&LEVEL, &rows)?;
    for (location, sku) in change.keys() {
        tx.touch(Dirty::Stock((*location).clone(), (*sku).clone()));
    }
    Ok(levels)
}

fn insert_movements(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    let (tenant, txn) = (tx.tenant(), tx.txn());
    let mut rows = Vec::new();
    for placed in facts {
        let (movements, reason) = movements_of(placed.fact);
        for movement in movements {
            rows.push(vec![
                Arg::Int(tenant),
                Arg::Uuid(txn),
                Arg::Int(tx.next_movement_no()),
                movement.location.arg(),
                movement.sku.arg(),
                movement.quantity_milli.arg(),
                Arg::Text(reason_name(movement.reason)),
                reason.map_or(Arg::Null, Arg::Text),
                placed.till.arg(),
                placed.incarnation.arg(),
                placed.seq.arg(),
                movement.lease.arg(),
                movement.beyond_rights.arg(),
                placed.meta.staff.arg(),
                placed.meta.at_ms.arg(),
            ]);
        }
    }
    tx.insert(&MOVEMENT, &rows)?;
    Ok(())
}

/// A reason as it stands in the table.
pub(super) fn reason_name(reason: MovementReason) -> &'static str {
    match reason {
        MovementReason::Sale => "sale",
        MovementReason::Return => "return",
        MovementReason::Void => "void",
        MovementReason::Receipt => "receipt",
        MovementReason::Adjustment => "adjustment",
        MovementReason::WriteOff => "write_off",
        MovementReason::TransferOut => "transfer_out",
        MovementReason::TransferIn => "transfer_in",
        MovementReason::Order => "order",
        MovementReason::OrderReturn => "order_return",
        MovementReason::Opening => "opening",
        MovementReason::Count => "count",
    }
}
