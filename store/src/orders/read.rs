//! Orders as they stand.

use super::OrderError;
use super::place::{Address, Frozen};
use crate::args;
use crate::db::{DbError, Row, Tx};
use crate::master::{self, FULFILMENTS};
use daybook_domain::ids::{LocationId, OrderId, Sku};
use daybook_domain::order::Fulfilment;
use serde::Serialize;
use uuid::Uuid;

/// Most orders of one page.
const PAGE_MAX: i64 = 200;

/// An order with everything about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// Id.
    pub id: OrderId,
    /// `ORD-YYYYMMDD-NNN`.
    pub number: String,
    /// Name of its state.
    pub state: String,
    /// Paid, and goods were missing: a person must act.
    pub short: bool,
    /// Where its goods come from.
    pub location: LocationId,
    /// Where it came from.
    pub source: String,
    /// Currency.
    pub currency: String,
    /// Goods without tax.
    pub subtotal_minor: i64,
    /// Tax.
    pub tax_minor: i64,
    /// Untaxed shipping.
    pub shipping_minor: i64,
    /// What it costs.
    pub total_minor: i64,
    /// What was paid.
    pub paid_minor: i64,
    /// What was given back.
    pub refunded_minor: i64,
    /// How it reaches its customer.
    pub fulfilment: Fulfilment,
    /// When its goods were put together, UTC milliseconds.
    pub picked_at_ms: Option<i64>,
    /// When it was handed over at a counter, UTC milliseconds.
    pub handed_over_at_ms: Option<i64>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// Tracking number, once shipped.
    pub tracking: Option<String>,
    /// Note to the shop.
    pub note: Option<String>,
    /// Message to whom it is given.
    pub gift_message: Option<String>,
    /// Where it goes.
    pub shipping_address: Option<Address>,
    /// Who is billed.
    pub billing_address: Option<Address>,
    /// UTC milliseconds.
    pub placed_at_ms: i64,
    /// End of the payment window while it is open.
    pub expires_at_ms: Option<i64>,
    /// Lines as sold.
    pub lines: Vec<OrderLine>,
    /// Attempts to pay, oldest first.
    pub payments: Vec<PaymentView>,
    /// Every change, oldest first.
    pub history: Vec<Event>,
    /// Counts its changes.
    pub version: i64,
}

/// A line as sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderLine {
    /// From 1.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// Name then.
    pub name: String,
    /// Thousandths.
    pub quantity_milli: i64,
    /// Price of one unit then.
    pub unit_price_micros: i64,
    /// Without tax.
    pub net_minor: i64,
    /// Tax.
    pub tax_minor: i64,
    /// With tax.
    pub total_minor: i64,
    /// Came back so far.
    pub refunded_milli: i64,
}

/// An attempt to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaymentView {
    /// Id.
    pub id: Uuid,
    /// Which try.
    pub attempt: i64,
    /// Gateway.
    pub gateway: String,
    /// `captured`, `failed`, …
    pub state: String,
    /// How much.
    pub amount_minor: i64,
    /// Why it failed, or why it was not taken for this order.
    pub reason: Option<String>,
    /// UTC milliseconds.
    pub at_ms: i64,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// What happened.
    pub event: String,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// UTC milliseconds.
    pub at_ms: i64,
}

/// An order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderList {
    /// Id.
    pub id: OrderId,
    /// Number.
    pub number: String,
    /// State.
    pub state: String,
    /// Goods were missing when it was paid.
    pub short: bool,
    /// What it costs.
    pub total_minor: i64,
    /// UTC milliseconds.
    pub placed_at_ms: i64,
}

/// An order.
///
/// # Errors
/// [`OrderError::Unknown`] or of the database.
pub fn find(tx: &mut Tx<'_>, id: OrderId) -> Result<Order, OrderError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT number, state, short, location_id, source, currency, subtotal_minor, tax_minor, shipping_minor,
                total_minor, paid_minor, refunded_minor, tracking, note, gift_message, shipping_address,
                billing_address, placed_at_ms, expires_at_ms, version, fulfilment, picked_at_ms, handed_over_at_ms,
                carrier
         FROM web_order WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, id],
    )?;
    let row = row.ok_or(OrderError::Unknown)?;
    let text = |column| row.opt_text(column).map(|text| text.map(str::to_owned));
    let address = |column| -> Result<Option<Address>, DbError> {
        let json = row.opt_text(column)?;
        json.map(|json| serde_json::from_str(json).map_err(|_| DbError::corrupt("web_order", id)))
            .transpose()
    };
    Ok(Order {
        id,
        number: row.text(0)?.to_owned(),
        state: row.text(1)?.to_owned(),
        short: row.bool(2)?,
        location: row.parsed(3, "web_order")?,
        source: row.text(4)?.to_owned(),
        currency: row.text(5)?.to_owned(),
        subtotal_minor: row.int(6)?,
        tax_minor: row.int(7)?,
        shipping_minor: row.int(8)?,
        total_minor: row.int(9)?,
        paid_minor: row.int(10)?,
        refunded_minor: row.int(11)?,
        fulfilment: fulfilment(row.text(20)?)?,
        picked_at_ms: row.opt_int(21)?,
        handed_over_at_ms: row.opt_int(22)?,
        carrier: text(23)?,
        tracking: text(12)?,
        note: text(13)?,
        gift_message: text(14)?,
        shipping_address: address(15)?,
        billing_address: address(16)?,
        placed_at_ms: row.int(17)?,
        expires_at_ms: row.opt_int(18)?,
        version: row.int(19)?,
        lines: lines(tx, id)?,
        payments: payments(tx, id)?,
        history: history(tx, id)?,
    })
}

/// How an order reaches its customer, as it stands in the table.
pub(crate) fn fulfilment(word: &str) -> Result<Fulfilment, DbError> {
    let found = master::by_word(&FULFILMENTS, word);
    found.ok_or_else(|| DbError::corrupt("web_order", word))
}

fn lines(tx: &mut Tx<'_>, id: OrderId) -> Result<Vec<OrderLine>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT line_no, sku, name, quantity_milli, unit_price_micros, net_minor, tax_minor, total_minor, refunded_milli
         FROM order_line WHERE tenant_id = $1 AND order_id = $2 ORDER BY line_no",
        args![tenant, id],
    )?;
    let line = |row: &Row| {
        Ok(OrderLine {
            line: row.u32(0)?,
            sku: row.parsed(1, "order_line")?,
            name: row.text(2)?.to_owned(),
            quantity_milli: row.int(3)?,
            unit_price_micros: row.int(4)?,
            net_minor: row.int(5)?,
            tax_minor: row.int(6)?,
            total_minor: row.int(7)?,
            refunded_milli: row.int(8)?,
        })
    };
    rows.iter().map(line).collect()
}

fn payments(tx: &mut Tx<'_>, id: OrderId) -> Result<Vec<PaymentView>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT payment_id, attempt_no, gateway, state, amount_minor, reason, created_at_ms
         FROM payment WHERE tenant_id = $1 AND order_id = $2 ORDER BY attempt_no",
        args![tenant, id],
    )?;
    let payment = |row: &Row| {
        Ok(PaymentView {
            id: row.uuid(0)?,
            attempt: row.int(1)?,
            gateway: row.text(2)?.to_owned(),
            state: row.text(3)?.to_owned(),
            amount_minor: row.int(4)?,
            reason: row.opt_text(5)?.map(str::to_owned),
            at_ms: row.int(6)?,
        })
    };
    rows.iter().map(payment).collect()
}

fn history(tx: &mut Tx<'_>, id: OrderId) -> Result<Vec<Event>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT kind, from_state, to_state, actor, detail, at_ms
         FROM order_event WHERE tenant_id = $1 AND order_id = $2 ORDER BY event_no",
        args![tenant, id],
    )?;
    let event = |row: &Row| {
        Ok(Event {
            event: row.text(0)?.to_owned(),
            from: row.opt_text(1)?.map(str::to_owned),
            to: row.text(2)?.to_owned(),
            by: row.text(3)?.to_owned(),
            reason: row.text(4)?.to_owned(),
            at_ms: row.int(5)?,
        })
    };
    rows.iter().map(event).collect()
}

/// A page of orders, newest first; `state` and `before_ms` narrow it.
///
/// # Errors
/// [`DbError`].
pub fn list(
    tx: &mut Tx<'_>,
    state: Option<&str>,
    before_ms: Option<i64>,
    limit: i64,
) -> Result<Vec<OrderList>, DbError> {
    let (tenant, limit) = (tx.tenant(), limit.clamp(1, PAGE_MAX));
    let before_ms = before_ms.unwrap_or(i64::MAX);
    let rows = tx.query(
        "SELECT order_id, number, state, short, total_minor, placed_at_ms FROM web_order
         WHERE tenant_id = $1 AND (CAST($2 AS TEXT) IS NULL OR state = CAST($2 AS TEXT)) AND placed_at_ms < $3
         ORDER BY placed_at_ms DESC, number DESC LIMIT $4",
        args![tenant, state, before_ms, limit],
    )?;
    let order = |row: &Row| {
        Ok(OrderList {
            id: OrderId(row.uuid(0)?),
            number: row.text(1)?.to_owned(),
            state: row.text(2)?.to_owned(),
            short: row.bool(3)?,
            total_minor: row.int(4)?,
            placed_at_ms: row.int(5)?,
        })
    };
    rows.iter().map(order).collect()
}

/// The hash of the request that made an order, if there is one.
pub(super) fn body_hash(tx: &mut Tx<'_>, id: OrderId) -> Result<Option<[u8; 32]>, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT body_hash FROM web_order WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, id],
    )?;
    row.map(|row| Ok(row.hash(0)?.0)).transpose()
}

/// What an order costs, as it was frozen, and what the invoice needs besides.
pub(super) fn frozen(tx: &mut Tx<'_>, id: OrderId) -> Result<Frozen, OrderError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT figures FROM web_order WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, id],
    )?;
    Ok(serde_json::from_str(row.text(0)?).map_err(|_| DbError::corrupt("web_order", id))?)
}
