//! Calling off, the end of the payment window, and the way to the customer.

use super::read::{self, Order};
use super::{By, OrderError, held, state};
use crate::args;
use crate::db::{DbError, Tx};
use crate::stock;
use daybook_domain::ids::OrderId;
use daybook_domain::order::{Actor, CancelReason, OrderEvent, next};
use daybook_domain::reservation::{Pool, ReleaseReason, Reservation, ReservationState};

/// A step of a paid order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Work begins.
    Start,
    /// It leaves.
    Ship {
        /// Tracking number.
        tracking: String,
    },
    /// It has arrived.
    Deliver,
}

/// Calls an order off before it is paid and frees its goods. Cancelling twice is the same as once.
///
/// # Errors
/// [`OrderError`]: a paid order is refunded, not cancelled.
pub fn cancel(tx: &mut Tx<'_>, id: OrderId, by: &By) -> Result<Order, OrderError> {
    let locked = state::lock(tx, id)?;
    if locked.name == "cancelled" {
        return read::find(tx, id);
    }
    let why = match by.role {
        Actor::Customer => CancelReason::Customer,
        Actor::Staff(_) => CancelReason::Staff,
        Actor::System => CancelReason::PaymentFailed,
    };
    let event = OrderEvent::Cancelled { why, at_ms: tx.now_ms() };
    let state = next(&locked.state, &event, by.role)?;
    release(tx, id, "released")?;
    state::store_state(tx, &locked, &state, event.name(), by)?;
    read::find(tx, id)
}

/// Moves a paid order on.
///
/// # Errors
/// [`OrderError`] where its state or the person does not allow it.
fn step(tx: &mut Tx<'_>, id: OrderId, step: Step, by: &By) -> Result<Order, OrderError> {
    let locked = state::lock(tx, id)?;
    let event = match step {
        Step::Start => OrderEvent::Started,
        Step::Ship { tracking } => OrderEvent::Shipped { tracking },
        Step::Deliver => OrderEvent::Delivered,
    };
    let state = next(&locked.state, &event, by.role)?;
    state::store_state(tx, &locked, &state, event.name(), by)?;
    read::find(tx, id)
}

/// Work begins.
///
/// # Errors
/// [`OrderError`].
pub fn start(tx: &mut Tx<'_>, id: OrderId, by: &By) -> Result<Order, OrderError> {
    step(tx, id, Step::Start, by)
}

/// It leaves with this tracking number.
///
/// # Errors
/// [`OrderError`].
pub fn ship(tx: &mut Tx<'_>, id: OrderId, tracking: &str, by: &By) -> Result<Order, OrderError> {
    step(tx, id, Step::Ship { tracking: tracking.to_owned() }, by)
}

/// It has arrived.
///
/// # Errors
/// [`OrderError`].
pub fn deliver(tx: &mut Tx<'_>, id: OrderId, by: &By) -> Result<Order, OrderError> {
    step(tx, id, Step::Deliver, by)
}

/// Cancels orders whose payment window has ended and frees their goods; at most `at_once`. Says how many.
///
/// # Errors
/// [`OrderError`] of the database.
pub fn expire(tx: &mut Tx<'_>, at_once: i64) -> Result<usize, OrderError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let due = tx.query(
        "SELECT order_id FROM web_order
         WHERE tenant_id = $1 AND state = 'pending' AND expires_at_ms IS NOT NULL AND expires_at_ms <= $2
         ORDER BY expires_at_ms, order_id LIMIT $3",
        args![tenant, now_ms, at_once],
    )?;
    let by = By::store("the payment window ended");
    let mut expired = 0;
    for row in &due {
        let id = OrderId(row.uuid(0)?);
        let locked = state::lock(tx, id)?;
        let event = OrderEvent::Cancelled { why: CancelReason::WindowEnded, at_ms: now_ms };
        // Paid between the question and the lock: nothing to do.
        let Ok(state) = next(&locked.state, &event, by.role) else { continue };
        release(tx, id, "expired")?;
        state::store_state(tx, &locked, &state, "expired", &by)?;
        expired += 1;
    }
    Ok(expired)
}

/// Gives held goods back to where they were taken from.
pub(super) fn release(tx: &mut Tx<'_>, id: OrderId, to: &str) -> Result<(), OrderError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    for row in held::reservations(tx, id)?.iter().filter(|row| row.state == "held") {
        let found = stock::lock(tx, &row.location, &row.sku)?;
        let found = found.ok_or_else(|| DbError::corrupt("stock_level", &row.sku))?;
        let mut level = found.level;
        // An allotment lives only while the shelf is ring-fenced; else the goods are free.
        let ring_fenced = level.policy == daybook_domain::feed::StockPolicy::RingFenced;
        let from = if ring_fenced { row.from } else { Pool::Free };
        let state = ReservationState::Active { expires_at_ms: row.expires_at_ms };
        let quantity_milli = row.quantity_milli;
        let mut reservation = Reservation { order: id, quantity_milli, from, state };
        reservation.release(&mut level, ReleaseReason::Cancelled, now_ms)?;
        stock::save(tx, &row.location, &row.sku, &level)?;
        tx.execute(
            "UPDATE reservation SET state = $3, closed_at_ms = $4 WHERE tenant_id = $1 AND reservation_id = $2",
            args![tenant, row.id, *to, now_ms],
        )?;
    }
    Ok(())
}
