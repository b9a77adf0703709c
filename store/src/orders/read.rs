//! Orders as they stand.

use super::place::{Address, Frozen};
use super::{By, OrderError};
use crate::args;
use crate::db::{DbError, Row, Tx};
use crate::gate::Dirty;
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::ids::{LocationId, OrderId, Sku};
use daybook_domain::order::{CancelReason, OrderState, Stage};
use daybook_domain::reservation::Pool;
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
                billing_address, placed_at_ms, expires_at_ms, version
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

/// An order held until the end of the transaction, as the rules see it.
pub(super) struct Locked {
    pub(super) id: OrderId,
    pub(super) number: String,
    pub(super) state: OrderState,
    pub(super) name: String,
    pub(super) total: Minor,
    pub(super) location: LocationId,
}

/// Reads an order and keeps others from it. The order comes before the levels, so that nobody waits in a circle.
pub(super) fn lock(tx: &mut Tx<'_>, id: OrderId) -> Result<Locked, OrderError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "UPDATE web_order SET version = version + 1 WHERE tenant_id = $1 AND order_id = $2
         RETURNING number, state, short, stage, tracking, cancel_reason, paid_minor, refunded_minor, total_minor,
                   expires_at_ms, location_id",
        args![tenant, id],
    )?;
    let row = row.ok_or(OrderError::Unknown)?;
    Ok(Locked {
        id,
        number: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
        state: state(&row).map_err(|_| DbError::corrupt("web_order", id))?,
        total: Minor(row.int(8)?),
        location: row.parsed(10, "web_order")?,
    })
}

fn state(row: &Row) -> Result<OrderState, DbError> {
    let corrupt = || DbError::corrupt("web_order", "state");
    let stage = |name: &str| -> Result<Stage, DbError> {
        Ok(match name {
            "paid" => Stage::Paid { short: row.bool(2)? },
            "processing" => Stage::Processing,
            "shipped" => {
                Stage::Shipped { tracking: row.opt_text(4)?.unwrap_or_default().to_owned() }
            }
            "delivered" => Stage::Delivered,
            _ => return Err(corrupt()),
        })
    };
    let (paid_minor, refunded_minor) = (Minor(row.int(6)?), Minor(row.int(7)?));
    Ok(match row.text(1)? {
        "pending" => OrderState::Pending { expires_at_ms: row.opt_int(9)?.ok_or_else(corrupt)? },
        "cancelled" => OrderState::Cancelled {
            why: match row.opt_text(5)? {
                Some("customer") => CancelReason::Customer,
                Some("staff") => CancelReason::Staff,
                Some("window_ended") => CancelReason::WindowEnded,
                Some("payment_failed") => CancelReason::PaymentFailed,
                Some(_) | None => return Err(corrupt()),
            },
        },
        "refunded" => OrderState::Refunded { refunded_minor },
        "partially_refunded" => OrderState::PartiallyRefunded {
            stage: stage(row.text(3)?)?,
            paid_minor,
            refunded_minor,
        },
        name => OrderState::Open { stage: stage(name)?, paid_minor },
    })
}

/// Writes a state, with its event in the history.
pub(super) fn store_state(
    tx: &mut Tx<'_>,
    before: &Locked,
    after: &OrderState,
    event_name: &str,
    by: &By,
) -> Result<(), OrderError> {
    let tenant = tx.tenant();
    let mut row = StateRow::default();
    match after {
        OrderState::Pending { expires_at_ms } => row.expires_at_ms = Some(*expires_at_ms),
        OrderState::Cancelled { why } => row.cancel = Some(cancel_word(*why)),
        OrderState::Refunded { .. } => {}
        OrderState::Open { stage, .. } | OrderState::PartiallyRefunded { stage, .. } => {
            row.of_stage(stage);
        }
    }
    tx.execute(
        "UPDATE web_order SET state = $3, short = $4, stage = coalesce($5, stage), tracking = coalesce($6, tracking),
             cancel_reason = $7, expires_at_ms = $8
         WHERE tenant_id = $1 AND order_id = $2",
        args![
            tenant,
            before.id,
            *after.name(),
            row.short,
            row.stage,
            row.tracking,
            row.cancel,
            row.expires_at_ms
        ],
    )?;
    event(tx, before.id, event_name, Some(&before.name), after.name(), by)?;
    tx.touch(Dirty::Order(before.id));
    Ok(())
}

#[derive(Default)]
struct StateRow<'a> {
    short: bool,
    stage: Option<&'a str>,
    tracking: Option<&'a str>,
    cancel: Option<&'a str>,
    expires_at_ms: Option<i64>,
}

impl<'a> StateRow<'a> {
    fn of_stage(&mut self, stage: &'a Stage) {
        self.stage = Some(match stage {
            Stage::Paid { short } => {
                self.short = *short;
                "paid"
            }
            Stage::Processing => "processing",
            Stage::Shipped { tracking } => {
                self.tracking = Some(tracking);
                "shipped"
            }
            Stage::Delivered => "delivered",
        });
    }
}

fn cancel_word(why: CancelReason) -> &'static str {
    match why {
        CancelReason::Customer => "customer",
        CancelReason::Staff => "staff",
        CancelReason::WindowEnded => "window_ended",
        CancelReason::PaymentFailed => "payment_failed",
    }
}

/// Notes what happened to an order.
pub(super) fn event(
    tx: &mut Tx<'_>,
    id: OrderId,
    kind: &str,
    from: Option<&str>,
    to: &str,
    by: &By,
) -> Result<(), DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    tx.execute(
        "INSERT INTO order_event (tenant_id, order_id, event_no, kind, from_state, to_state, actor, detail, at_ms)
         SELECT $1, $2, coalesce(max(event_no), 0) + 1, $3, $4, $5, $6, $7, $8
         FROM order_event WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, id, *kind, from, *to, by.actor, by.reason, now_ms],
    )?;
    Ok(())
}

/// A reservation of an order.
#[derive(Debug, Clone)]
pub(super) struct ReservationRow {
    /// Id.
    pub id: Uuid,
    /// SKU.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// How much.
    pub quantity_milli: Quantity,
    /// Where it was taken from.
    pub from: Pool,
    /// `held`, `deducted`, `released`, `expired`.
    pub state: String,
    /// End of the payment window, UTC milliseconds.
    pub expires_at_ms: i64,
}

/// The reservations of an order in the order of locking, in any state.
///
/// # Errors
/// [`DbError`].
pub(super) fn reservations(tx: &mut Tx<'_>, id: OrderId) -> Result<Vec<ReservationRow>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT reservation_id, sku, location_id, quantity_milli, from_allotment_milli, state, expires_at_ms
         FROM reservation WHERE tenant_id = $1 AND order_id = $2 ORDER BY location_id, sku",
        args![tenant, id],
    )?;
    let reservation = |row: &Row| {
        Ok(ReservationRow {
            id: row.uuid(0)?,
            sku: row.parsed(1, "reservation")?,
            location: row.parsed(2, "reservation")?,
            quantity_milli: Quantity(row.int(3)?),
            from: if row.int(4)? > 0 { Pool::Allotment } else { Pool::Free },
            state: row.text(5)?.to_owned(),
            expires_at_ms: row.opt_int(6)?.unwrap_or_default(),
        })
    };
    rows.iter().map(reservation).collect()
}

/// How many reservations are held now, for watching.
///
/// # Errors
/// [`DbError`].
pub fn open_reservations(tx: &mut Tx<'_>) -> Result<i64, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT count(*) FROM reservation WHERE tenant_id = $1 AND state = 'held'",
        args![tenant],
    )?;
    row.int(0)
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
