//! Giving back: whole or in part, never more than was paid, with a credit note each time.

use super::invoice::Credit;
use super::place::{hash_of, limited};
use super::read::{self, Order};
use super::{By, OrderError, held, invoice, state};
use crate::args;
use crate::db::{DbError, Tx};
use crate::stock::{self, MovementKind, Posting};
use daybook_domain::amount::Quantity;
use daybook_domain::document::{Document, DocumentKind};
use daybook_domain::ids::OrderId;
use daybook_domain::order::{OrderEvent, next};
use daybook_domain::refund::{ReturnLine, plan, remaining};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A refund as it is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRefund {
    /// Made by the client; the same id with the same body is the same refund.
    pub id: Uuid,
    /// What comes back; absent: everything that is left.
    #[serde(default)]
    pub lines: Option<Vec<RefundLine>>,
    /// The goods can be sold again.
    #[serde(default)]
    pub restock: bool,
    /// Why.
    pub reason: String,
}

/// A line that comes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundLine {
    /// Number of the line in the order.
    pub line: u32,
    /// How much of it, thousandths.
    pub quantity_milli: Quantity,
}

/// What was given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refunded {
    /// How much.
    pub amount_minor: i64,
    /// Number of the credit note.
    pub credit_note: String,
    /// The order now.
    pub order: Order,
}

/// Gives back.
///
/// # Errors
/// [`OrderError`]: never more than was bought or paid.
pub fn refund(
    tx: &mut Tx<'_>,
    id: OrderId,
    new: &NewRefund,
    by: &By,
) -> Result<Refunded, OrderError> {
    limited("reason", Some(&new.reason), 200)?;
    if new.reason.trim().is_empty() {
        return Err(OrderError::field("reason", "must not be empty"));
    }
    let body_hash = hash_of(new)?;
    if let Some(known) = known(tx, id, new, &body_hash)? {
        return Ok(known);
    }
    let locked = state::lock(tx, id)?;
    // Again: another may have given it back while this one waited for the lock.
    if let Some(known) = known(tx, id, new, &body_hash)? {
        return Ok(known);
    }
    let documents = invoice::documents_of(tx, id)?;
    let Some((original, before)) = documents.split_first() else {
        // Nothing was ever paid: the rule of the state says so.
        next(&locked.state, &OrderEvent::Refunded { amount_minor: locked.total }, by.role)?;
        return Err(OrderError::Unknown);
    };
    let wanted = match &new.lines {
        Some(lines) => lines
            .iter()
            .map(|line| ReturnLine {
                line: line.line,
                quantity: line.quantity_milli,
                restock: new.restock,
            })
            .collect(),
        None => remaining(original, before, new.restock)?,
    };
    let planned = plan(original, before, &wanted)?;
    let amount = planned.figures.totals.payable_minor;
    let event = if amount.is_zero() {
        let left = remaining(original, before, new.restock)?;
        OrderEvent::Returned { all: left.iter().all(|line| wanted.contains(line)) }
    } else {
        OrderEvent::Refunded { amount_minor: amount }
    };
    let state = next(&locked.state, &event, by.role)?;
    let payment = if amount.is_zero() { None } else { Some(payment(tx, id)?) };
    let gateway = payment.as_ref().map(|(_, gateway)| gateway.as_str());
    let credit = Credit { original, reason: &new.reason, gateway, refund: new.id };
    let note = invoice::credit(tx, id, planned.figures, &credit)?;
    if let Some((payment, _)) = payment {
        let (id, number) = (new.id, note.number.as_str());
        let entry = Entry { id, payment, amount: amount.0, body_hash, number };
        record(tx, &locked, new, &entry, by)?;
    }
    lines(tx, id, &note)?;
    if new.restock {
        restock(tx, &locked, &note, by)?;
    }
    state::store_state(
        tx,
        &locked,
        &state,
        event.name(),
        &By { reason: new.reason.clone(), ..by.clone() },
    )?;
    let order = read::find(tx, id)?;
    Ok(Refunded { amount_minor: amount.0, credit_note: note.number, order })
}

fn known(
    tx: &mut Tx<'_>,
    order: OrderId,
    new: &NewRefund,
    body_hash: &[u8; 32],
) -> Result<Option<Refunded>, OrderError> {
    let (tenant, refund) = (tx.tenant(), new.id);
    let row = tx.query_opt(
        "SELECT order_id, body_hash, amount_minor, lines FROM refund WHERE tenant_id = $1 AND refund_id = $2",
        args![tenant, refund],
    )?;
    let Some(row) = row else { return known_return(tx, order, new) };
    if row.uuid(0)? != order.0 || row.hash(1)?.0 != *body_hash {
        return Err(OrderError::Conflict);
    }
    let said: serde_json::Value =
        serde_json::from_str(row.text(3)?).map_err(|_| DbError::corrupt("refund", refund))?;
    let credit_note = said["credit_note"].as_str().unwrap_or_default().to_owned();
    let amount_minor = row.int(2)?;
    Ok(Some(Refunded { amount_minor, credit_note, order: read::find(tx, order)? }))
}

/// A return of goods that had cost nothing has no row, but its credit note has its id and says the same.
fn known_return(
    tx: &mut Tx<'_>,
    order: OrderId,
    new: &NewRefund,
) -> Result<Option<Refunded>, OrderError> {
    let documents = invoice::documents_of(tx, order)?;
    let note = documents.into_iter().find(|document| document.id.0 == new.id);
    let Some(note) = note.filter(|note| note.kind == DocumentKind::CreditNote) else {
        return Ok(None);
    };
    let said = |line: &RefundLine| {
        note.lines.iter().any(|noted| {
            noted.original_line == Some(line.line) && noted.quantity_milli == line.quantity_milli
        })
    };
    let same_lines = new
        .lines
        .as_ref()
        .is_none_or(|lines| lines.len() == note.lines.len() && lines.iter().all(said));
    let same_fate = note.lines.iter().all(|line| line.restock == Some(new.restock));
    if !(same_lines && same_fate && note.reason.as_deref() == Some(&new.reason)) {
        return Err(OrderError::Conflict);
    }
    Ok(Some(Refunded { amount_minor: 0, credit_note: note.number, order: read::find(tx, order)? }))
}

/// The payment that was taken for the order.
fn payment(tx: &mut Tx<'_>, id: OrderId) -> Result<(Uuid, String), OrderError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT payment_id, gateway FROM payment
         WHERE tenant_id = $1 AND order_id = $2 AND state = 'captured' AND reason IS NULL ORDER BY attempt_no",
        args![tenant, id],
    )?;
    Ok((row.uuid(0)?, row.text(1)?.to_owned()))
}

struct Entry<'a> {
    id: Uuid,
    payment: Uuid,
    amount: i64,
    body_hash: [u8; 32],
    number: &'a str,
}

fn record(
    tx: &mut Tx<'_>,
    locked: &state::Locked,
    new: &NewRefund,
    entry: &Entry<'_>,
    by: &By,
) -> Result<(), OrderError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let lines = serde_json::json!({ "lines": new.lines, "credit_note": entry.number }).to_string();
    tx.execute(
        "INSERT INTO refund (tenant_id, refund_id, order_id, payment_id, amount_minor, restock, reason, actor, lines,
             body_hash, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        args![
            tenant,
            entry.id,
            locked.id,
            entry.payment,
            entry.amount,
            new.restock,
            new.reason,
            by.actor,
            lines,
            entry.body_hash,
            now_ms
        ],
    )?;
    tx.execute(
        "UPDATE payment SET refunded_minor = refunded_minor + $3 WHERE tenant_id = $1 AND payment_id = $2",
        args![tenant, entry.payment, entry.amount],
    )?;
    tx.execute(
        "UPDATE web_order SET refunded_minor = refunded_minor + $3 WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, locked.id, entry.amount],
    )?;
    Ok(())
}

fn lines(tx: &mut Tx<'_>, id: OrderId, note: &Document) -> Result<(), DbError> {
    assert_eq!(note.kind, DocumentKind::CreditNote, "only a credit note says what came back");
    let tenant = tx.tenant();
    for line in &note.lines {
        tx.execute(
            "UPDATE order_line SET refunded_milli = refunded_milli + $4
             WHERE tenant_id = $1 AND order_id = $2 AND line_no = $3",
            args![tenant, id, line.original_line, line.quantity_milli],
        )?;
    }
    Ok(())
}

/// Goods come back to where they were deducted; what never left, of a short order, does not.
fn restock(
    tx: &mut Tx<'_>,
    locked: &state::Locked,
    note: &Document,
    by: &By,
) -> Result<(), OrderError> {
    let left = held::reservations(tx, locked.id)?;
    let postings: Vec<Posting> = note
        .lines
        .iter()
        .filter_map(|line| {
            let deducted = |row: &&held::ReservationRow| {
                row.sku == line.sku
                    && row.state == "deducted"
                    && line.quantity_milli > Quantity::ZERO
            };
            let row = left.iter().find(deducted)?;
            Some(Posting {
                location: row.location.clone(),
                sku: line.sku.clone(),
                quantity_milli: line.quantity_milli,
                kind: MovementKind::OrderReturn,
                reason: note.reason.clone(),
                order: Some(locked.id),
                actor: by.actor.clone(),
            })
        })
        .collect();
    Ok(stock::post(tx, &postings)?)
}
