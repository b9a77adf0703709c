//! The goods of a line come from another location: what a person decides about an order that is endangered.

use super::state::{self, Locked, Noted};
use super::{By, Order, OrderError, held, read};
use crate::args;
use crate::db::{DbError, Tx};
use crate::gate::Dirty;
use crate::stock::{self, MovementKind, Posting};
use daybook_domain::amount::Quantity;
use daybook_domain::feed::StockPolicy;
use daybook_domain::ids::{LocationId, OrderId, Sku};
use daybook_domain::order::{OrderError as Rule, OrderState, Stage};
use daybook_domain::reservation::{
    Confirmation, Pool, ReleaseReason, Reservation, ReservationState, reserve,
};
use daybook_domain::stock::StockError;

/// Takes the goods of a line from another location. What is held moves as a hold, what is deducted as movements at both
/// places; of a paid order that was short the goods are deducted now. The order stays with its shop.
///
/// # Errors
/// [`OrderError::NotAvailable`] when the other place has too little; the order has left, is called off, or has no such
/// line.
pub fn relocate(
    tx: &mut Tx<'_>,
    id: OrderId,
    sku: &Sku,
    to: &LocationId,
    by: &By,
) -> Result<Order, OrderError> {
    let locked = state::lock(tx, id)?;
    let paid = is_here(&locked)?;
    let rows = held::reservations(tx, id)?;
    let row = rows.into_iter().find(|row| row.sku == *sku);
    let row =
        row.ok_or_else(|| OrderError::field("sku", "no goods of it are kept for this order"))?;
    if row.location == *to {
        return read::find(tx, id);
    }
    lock_both(tx, &row.location, to, sku)?;
    let from_pool = take(tx, &locked, &row, to, paid, by)?;
    give_back(tx, id, &row, by)?;
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let (state, closed_at_ms) = if paid { ("deducted", Some(now_ms)) } else { ("held", None) };
    let from_allotment = match from_pool {
        Pool::Allotment => row.quantity_milli,
        Pool::Free => Quantity::ZERO,
    };
    tx.execute(
        "UPDATE reservation SET location_id = $3, state = $4, closed_at_ms = $5, from_allotment_milli = $6
         WHERE tenant_id = $1 AND reservation_id = $2",
        args![tenant, row.id, to, *state, closed_at_ms, from_allotment],
    )?;
    if paid {
        no_longer_short(tx, id)?;
    }
    let detail = format!("{sku} from {} to {to}: {}", row.location, by.reason);
    let noted = Noted {
        kind: "line_moved",
        from: Some(&locked.name),
        to: &locked.name,
        actor: &by.actor,
        detail: &detail,
        at_ms: now_ms,
    };
    state::note(tx, id, &noted)?;
    stock::reassess(tx, &row.location, sku)?;
    tx.touch(Dirty::Order(id));
    read::find(tx, id)
}

/// Whether the order is paid; an error where its goods are gone already.
fn is_here(locked: &Locked) -> Result<bool, OrderError> {
    match &locked.state {
        OrderState::Pending { .. } => Ok(false),
        OrderState::Open { stage, .. } | OrderState::PartiallyRefunded { stage, .. } => match stage
        {
            Stage::Paid { .. } | Stage::Processing => Ok(true),
            Stage::Shipped { .. } | Stage::Delivered => Err(gone(locked)),
        },
        OrderState::Cancelled { .. } | OrderState::Refunded { .. } => Err(gone(locked)),
    }
}

fn gone(locked: &Locked) -> OrderError {
    Rule::NotPossible { state: locked.state.name(), event: "moved" }.into()
}

/// In the order of location, as everywhere.
fn lock_both(
    tx: &mut Tx<'_>,
    one: &LocationId,
    other: &LocationId,
    sku: &Sku,
) -> Result<(), OrderError> {
    for location in [one.min(other), one.max(other)] {
        if stock::lock(tx, location, sku)?.is_none() {
            return Err(OrderError::field(
                "location",
                format!("{location} has no stock row of {sku}"),
            ));
        }
    }
    Ok(())
}

fn take(
    tx: &mut Tx<'_>,
    locked: &Locked,
    row: &held::ReservationRow,
    to: &LocationId,
    paid: bool,
    by: &By,
) -> Result<Pool, OrderError> {
    let found = stock::find(tx, to, &row.sku)?;
    let mut level = found.ok_or_else(|| DbError::corrupt("stock_level", &row.sku))?.level;
    let reserved = reserve(&mut level, locked.id, row.quantity_milli, row.expires_at_ms);
    let mut reservation = reserved.map_err(|error| match error {
        StockError::NotAvailable { available_milli: available } => OrderError::NotAvailable {
            field: "location".to_owned(),
            sku: row.sku.clone(),
            available,
        },
        error => error.into(),
    })?;
    if paid {
        let confirmed = reservation.confirm(&mut level, tx.now_ms())?;
        assert_eq!(confirmed, Confirmation::Deducted, "what was just reserved is there");
    }
    stock::save(tx, to, &row.sku, &level)?;
    if paid {
        move_goods(tx, locked.id, row, to, MovementKind::Order, by)?;
    }
    Ok(reservation.from)
}

fn give_back(
    tx: &mut Tx<'_>,
    id: OrderId,
    row: &held::ReservationRow,
    by: &By,
) -> Result<(), OrderError> {
    match row.state.as_str() {
        "held" => {
            let found = stock::find(tx, &row.location, &row.sku)?;
            let mut level = found.ok_or_else(|| DbError::corrupt("stock_level", &row.sku))?.level;
            let from = match level.policy {
                StockPolicy::RingFenced => row.from,
                StockPolicy::PooledStrict | StockPolicy::PooledSoft => Pool::Free,
            };
            let state = ReservationState::Active { expires_at_ms: row.expires_at_ms };
            let quantity_milli = row.quantity_milli;
            let mut reservation = Reservation { order: id, quantity_milli, from, state };
            reservation.release(&mut level, ReleaseReason::Cancelled, tx.now_ms())?;
            stock::save(tx, &row.location, &row.sku, &level)?;
            Ok(())
        }
        "deducted" => move_goods(tx, id, row, &row.location, MovementKind::OrderReturn, by),
        // Released or expired: nothing was kept there any more.
        _ => Ok(()),
    }
}

fn move_goods(
    tx: &mut Tx<'_>,
    id: OrderId,
    row: &held::ReservationRow,
    at: &LocationId,
    kind: MovementKind,
    by: &By,
) -> Result<(), OrderError> {
    let sign = match kind {
        MovementKind::OrderReturn => 1,
        MovementKind::Order | MovementKind::Opening | MovementKind::Adjustment => -1,
    };
    let posting = Posting {
        location: at.clone(),
        sku: row.sku.clone(),
        quantity_milli: Quantity(sign * row.quantity_milli.0),
        kind,
        reason: Some(by.reason.clone()),
        order: Some(id),
        actor: by.actor.clone(),
    };
    Ok(stock::post(tx, &[posting])?)
}

/// A paid order whose goods were missing has them now, if each line has.
fn no_longer_short(tx: &mut Tx<'_>, id: OrderId) -> Result<(), OrderError> {
    if held::reservations(tx, id)?.iter().any(|row| row.state != "deducted") {
        return Ok(());
    }
    let tenant = tx.tenant();
    tx.execute(
        "UPDATE web_order SET short = 0 WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, id],
    )?;
    let subject = format!("order/{id}");
    crate::exceptions::close(
        tx,
        "order.short",
        &subject,
        "store",
        "its goods come from elsewhere",
    )?;
    Ok(())
}
