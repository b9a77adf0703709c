//! Paying: every attempt is kept; a captured payment is never lost, however late it comes.

use super::read::{self, Order};
use super::settings::OnPaymentFailed;
use super::state::{self, Locked};
use super::{By, OrderError, OrderSettings, change, held, invoice};
use crate::args;
use crate::db::{DbError, Tx};
use crate::exceptions::{Raised, raise};
use crate::stock::{self, MovementKind, Posting};
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::ids::OrderId;
use daybook_domain::order::{
    Actor, CancelReason, OrderError as Rule, OrderEvent, OrderState, next,
};
use daybook_domain::reservation::{Confirmation, Pool, Reservation, ReservationState};
use serde::Serialize;
use uuid::Uuid;

/// A gateway's answer to an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Made by the client; the same id is the same attempt.
    pub id: Uuid,
    /// Which gateway.
    pub gateway: String,
    /// How much was asked for; absent: all of it.
    pub amount_minor: Option<Minor>,
    /// The gateway's own reference.
    pub reference: Option<String>,
    /// Captured, or why not.
    pub outcome: Result<(), String>,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paid {
    /// `captured` or `failed`.
    pub payment: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// The order now.
    pub order: Order,
}

/// What the test gateway says to a card number, by its last four digits.
///
/// # Errors
/// The reason of the decline.
pub fn test_card(number: &str) -> Result<(), &'static str> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    match digits.get(digits.len().saturating_sub(4)..).unwrap_or_default() {
        "4242" => Ok(()),
        "9995" => Err("insufficient_funds"),
        "0069" => Err("expired_card"),
        "0127" => Err("incorrect_cvc"),
        _ => Err("card_declined"),
    }
}

/// Asks for a payment and takes the gateway's answer. An order that waits for none asks no gateway for one.
///
/// # Errors
/// [`OrderError`]: of the rule where the order does not wait for a payment.
pub fn ask(tx: &mut Tx<'_>, id: OrderId, charge: &Charge, by: &By) -> Result<Paid, OrderError> {
    take(tx, id, charge, by, |locked| match locked.state {
        OrderState::Pending { .. } => Ok(()),
        OrderState::Cancelled { .. }
        | OrderState::Open { .. }
        | OrderState::Refunded { .. }
        | OrderState::PartiallyRefunded { .. } => {
            Err(Rule::NotPossible { state: locked.state.name(), event: "paid" }.into())
        }
    })
}

/// Takes what a gateway reports by itself, however late. An order that costs nothing asks no gateway and keeps no payment.
///
/// # Errors
/// [`OrderError`]. A captured payment is stored even where the order cannot take it.
pub fn pay(tx: &mut Tx<'_>, id: OrderId, charge: &Charge, by: &By) -> Result<Paid, OrderError> {
    take(tx, id, charge, by, |_| Ok(()))
}

fn take(
    tx: &mut Tx<'_>,
    id: OrderId,
    charge: &Charge,
    by: &By,
    allowed: impl FnOnce(&Locked) -> Result<(), OrderError>,
) -> Result<Paid, OrderError> {
    if let Some(known) = known(tx, id, charge)? {
        return known_attempt(tx, id, known);
    }
    let locked = state::lock(tx, id)?;
    // Again: the same attempt may have been taken while this one waited for the lock.
    if let Some(known) = known(tx, id, charge)? {
        return known_attempt(tx, id, known);
    }
    let amount = charge.amount_minor.unwrap_or(locked.total);
    if locked.total.is_zero() && amount.is_zero() {
        return nothing_owed(tx, &locked, by);
    }
    allowed(&locked)?;
    if amount != locked.total {
        return Err(OrderError::Amount { expected: locked.total.0 });
    }
    match &charge.outcome {
        Ok(()) => captured(tx, &locked, charge, amount, by),
        Err(reason) => failed(tx, &locked, charge, amount, reason, by),
    }
}

fn known_attempt(
    tx: &mut Tx<'_>,
    id: OrderId,
    (payment, reason): (String, Option<String>),
) -> Result<Paid, OrderError> {
    Ok(Paid { payment, reason, order: read::find(tx, id)? })
}

/// What this attempt came to, if it was made. Another attempt of the same id is a conflict; so is one that was stored without
/// a reference and came to something else.
fn known(
    tx: &mut Tx<'_>,
    order: OrderId,
    charge: &Charge,
) -> Result<Option<(String, Option<String>)>, OrderError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT order_id, state, reason, gateway, reference, amount_minor FROM payment
         WHERE tenant_id = $1 AND payment_id = $2",
        args![tenant, charge.id],
    )?;
    let Some(row) = row else { return Ok(None) };
    let (state, reason, amount) = (row.text(1)?, row.opt_text(2)?, Minor(row.int(5)?));
    let same_end = match &charge.outcome {
        Ok(()) => state == "captured",
        Err(why) => state == "failed" && reason == Some(why),
    };
    let same = row.uuid(0)? == order.0
        && row.text(3)? == charge.gateway
        && row.opt_text(4)?.is_none_or(|reference| charge.reference.as_deref() == Some(reference))
        && charge.amount_minor.is_none_or(|asked| asked == amount)
        && same_end;
    if !same {
        return Err(OrderError::Conflict);
    }
    Ok(Some((state.to_owned(), reason.map(str::to_owned))))
}

fn insert(
    tx: &mut Tx<'_>,
    order: OrderId,
    charge: &Charge,
    amount: Minor,
    state: &str,
    reason: Option<&str>,
) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    tx.execute(
        "INSERT INTO payment (tenant_id, payment_id, order_id, attempt_no, gateway, state, amount_minor, reference,
             reason, created_at_ms, settled_at_ms)
         SELECT $1, $2, $3, coalesce(max(attempt_no), 0) + 1, $4, $5, $6, $7, $8, $9, $9
         FROM payment WHERE tenant_id = $1 AND order_id = $3",
        args![
            tenant,
            charge.id,
            order,
            charge.gateway,
            *state,
            amount,
            charge.reference,
            reason,
            now_ms
        ],
    )?;
    Ok(())
}

fn failed(
    tx: &mut Tx<'_>,
    locked: &Locked,
    charge: &Charge,
    amount: Minor,
    reason: &str,
    by: &By,
) -> Result<Paid, OrderError> {
    insert(tx, locked.id, charge, amount, "failed", Some(reason))?;
    let note = By { reason: reason.to_owned(), ..by.clone() };
    state::event(tx, locked.id, "payment_failed", Some(&locked.name), &locked.name, &note)?;
    let pending = matches!(locked.state, OrderState::Pending { .. });
    if pending && OrderSettings::load(tx)?.on_payment_failed == OnPaymentFailed::Cancel {
        let at_ms = tx.now_ms();
        let event = OrderEvent::Cancelled { why: CancelReason::PaymentFailed, at_ms };
        let state = next(&locked.state, &event, Actor::System)?;
        change::release(tx, locked.id, "released")?;
        state::store_state(tx, locked, &state, event.name(), &By::store(reason))?;
    }
    let order = read::find(tx, locked.id)?;
    Ok(Paid { payment: "failed".to_owned(), reason: Some(reason.to_owned()), order })
}

fn captured(
    tx: &mut Tx<'_>,
    locked: &Locked,
    charge: &Charge,
    amount: Minor,
    by: &By,
) -> Result<Paid, OrderError> {
    let takes = matches!(locked.state, OrderState::Pending { .. } | OrderState::Cancelled { .. });
    if !takes {
        return twice(tx, locked, charge, amount);
    }
    insert(tx, locked.id, charge, amount, "captured", None)?;
    open(tx, locked, amount, Some(&charge.gateway), by)?;
    let order = read::find(tx, locked.id)?;
    Ok(Paid { payment: "captured".to_owned(), reason: None, order })
}

/// An order of nothing is paid without a payment, whatever a card says: when it is placed, and again is the same.
fn nothing_owed(tx: &mut Tx<'_>, locked: &Locked, by: &By) -> Result<Paid, OrderError> {
    match &locked.state {
        OrderState::Pending { .. } => open(tx, locked, Minor::ZERO, None, by)?,
        OrderState::Open { .. } | OrderState::PartiallyRefunded { .. } => {}
        OrderState::Cancelled { .. } | OrderState::Refunded { .. } => {
            let (state, event) = (locked.state.name(), "captured");
            return Err(Rule::NotPossible { state, event }.into());
        }
    }
    let order = read::find(tx, locked.id)?;
    Ok(Paid { payment: "captured".to_owned(), reason: None, order })
}

/// Takes an order that was just placed and costs nothing as paid.
pub(super) fn free(tx: &mut Tx<'_>, id: OrderId, by: &By) -> Result<(), OrderError> {
    let locked = state::lock(tx, id)?;
    open(tx, &locked, Minor::ZERO, None, by)
}

/// What was owed is there: the goods leave the shelf, and the invoice is issued.
fn open(
    tx: &mut Tx<'_>,
    locked: &Locked,
    amount: Minor,
    gateway: Option<&str>,
    by: &By,
) -> Result<(), OrderError> {
    let short = confirm(tx, locked, by)?;
    let event = OrderEvent::Captured { amount_minor: amount, short };
    let state = next(&locked.state, &event, Actor::System)?;
    let tenant = tx.tenant();
    tx.execute(
        "UPDATE web_order SET paid_minor = $3 WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, locked.id, amount],
    )?;
    state::store_state(tx, locked, &state, event.name(), by)?;
    invoice::issue(tx, locked, gateway)?;
    Ok(())
}

/// A second capture: the money is there and not owed, so a person gives it back.
fn twice(
    tx: &mut Tx<'_>,
    locked: &Locked,
    charge: &Charge,
    amount: Minor,
) -> Result<Paid, OrderError> {
    let reason = "the order was paid before";
    insert(tx, locked.id, charge, amount, "captured", Some(reason))?;
    let raised = Raised {
        kind: "payment.captured_twice",
        subject: format!("payment/{}", charge.id),
        order: Some(locked.id),
        detail: format!(
            "order {} is {} and was charged {} minor units again: give them back",
            locked.number, locked.name, amount.0
        ),
        ..Raised::default()
    };
    raise(tx, &raised)?;
    let order = read::find(tx, locked.id)?;
    Ok(Paid { payment: "captured".to_owned(), reason: Some(reason.to_owned()), order })
}

/// Deducts the goods, late or not. What cannot be had leaves the order paid and short, before a person.
fn confirm(tx: &mut Tx<'_>, locked: &Locked, by: &By) -> Result<bool, OrderError> {
    let mut missing = Vec::new();
    for row in held::reservations(tx, locked.id)? {
        let found = stock::lock(tx, &row.location, &row.sku)?;
        let found = found.ok_or_else(|| DbError::corrupt("stock_level", &row.sku))?;
        let state = match row.state.as_str() {
            "held" => ReservationState::Active { expires_at_ms: row.expires_at_ms },
            // Released or expired: the goods are free again, if nobody took them.
            _ => ReservationState::Expired { at_ms: row.expires_at_ms },
        };
        let mut reservation = Reservation {
            order: locked.id,
            quantity_milli: row.quantity_milli,
            from: row.from,
            state,
        };
        let mut level = found.level;
        let now_ms = tx.now_ms();
        match reservation.confirm(&mut level, now_ms)? {
            Confirmation::Deducted | Confirmation::Late => {
                // `on_hand` changes with the movement alone.
                stock::save(tx, &row.location, &row.sku, &level)?;
                let posting = Posting {
                    location: row.location.clone(),
                    sku: row.sku.clone(),
                    quantity_milli: Quantity(-row.quantity_milli.0),
                    kind: MovementKind::Order,
                    reason: None,
                    order: Some(locked.id),
                    actor: by.actor.clone(),
                };
                stock::post(tx, &[posting])?;
                close(tx, row.id, "deducted", reservation.from, row.quantity_milli)?;
                tracing::info!(order = %locked.number, sku = %row.sku, "deducted a paid order's goods");
            }
            Confirmation::Short { available_milli } => {
                missing.push(format!(
                    "{}: {} ordered, {} there",
                    row.sku,
                    row.quantity_milli.to_decimal(),
                    available_milli.to_decimal()
                ));
            }
            Confirmation::Already => {}
        }
    }
    if missing.is_empty() {
        return Ok(false);
    }
    let raised = Raised {
        kind: "order.short",
        subject: format!("order/{}", locked.id),
        location: Some(locked.location.clone()),
        order: Some(locked.id),
        detail: format!(
            "order {} was paid after its reservation ended and goods are missing ({}); ship from another location, put on \
             backorder, or refund",
            locked.number,
            missing.join("; ")
        ),
        ..Raised::default()
    };
    raise(tx, &raised)?;
    Ok(true)
}

fn close(
    tx: &mut Tx<'_>,
    reservation: Uuid,
    state: &str,
    from: Pool,
    quantity: Quantity,
) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let from_allotment = if from == Pool::Allotment { quantity } else { Quantity::ZERO };
    tx.execute(
        "UPDATE reservation SET state = $3, closed_at_ms = $4, from_allotment_milli = $5
         WHERE tenant_id = $1 AND reservation_id = $2",
        args![tenant, reservation, *state, now_ms, from_allotment],
    )?;
    Ok(())
}
