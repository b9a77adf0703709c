//! Web orders of this location: listed from the feed, worked on as facts, called off on request.
//!
//! What was done here counts at once, before the store has heard of it. Whether an order was called off meanwhile the
//! till cannot know while it is offline: then both facts stand, and the store asks a person.

use crate::catalogue;
use crate::error::TillError;
use crate::feed;
use crate::ledger::{Ledger, Topics};
use crate::random;
use crate::requests::{self, RequestState};
use crate::staff::Who;
use daybook_domain::amount::Quantity;
use daybook_domain::entry::{Fact, OrderHandedOver, OrderPicked, OrderShipped};
use daybook_domain::feed::OrderRow;
use daybook_domain::ids::{OrderId, Sku};
use daybook_domain::order::{CARRIER_CHARS_MAX, Fulfilment, checked_tracking};
use daybook_domain::staff::Action;
use daybook_sync::message::{Request, RequestBody};
use rusqlite::Connection;
use serde::Serialize;
use uuid::Uuid;

/// Longest reason for calling an order off, in characters.
const REASON_CHARS_MAX: usize = 200;

/// What is to be done next with an order, as far as this till knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not paid yet: nothing to do.
    Unpaid,
    /// Its goods wait on the shelf.
    ToPick,
    /// Its goods are put together and wait for the customer or the carrier.
    Picked,
    /// On its way.
    Shipped,
    /// With the customer.
    Delivered,
    /// Called off before it was paid.
    Cancelled,
    /// Called off, the money went back.
    Refunded,
}

impl Standing {
    /// Whether someone in the shop has something left to do with it.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::ToPick | Self::Picked => true,
            Self::Unpaid | Self::Shipped | Self::Delivered | Self::Cancelled | Self::Refunded => {
                false
            }
        }
    }
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderItem {
    /// What.
    pub sku: Sku,
    /// Its name, where the catalogue here knows it.
    pub name: Option<String>,
    /// How much.
    pub quantity_milli: Quantity,
}

/// An order as this till shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderView {
    /// What the store says.
    #[serde(flatten)]
    pub row: OrderRow,
    /// Its lines with their names.
    pub items: Vec<OrderItem>,
    /// What is to be done next, own deeds included.
    pub standing: Standing,
    /// The last wish to call it off, and its answer.
    pub cancel: Option<RequestState>,
}

/// Which orders to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those with something left to do, oldest first.
    Open,
    /// All that the store tells of, newest first.
    All,
}

/// Lists the orders of this location.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn list(conn: &Connection, which: Which) -> Result<Vec<OrderView>, TillError> {
    let rows: Vec<OrderRow> = feed::rows(conn, "order/")?;
    let mut views = rows.into_iter().map(|row| view(conn, row)).collect::<Result<Vec<_>, _>>()?;
    match which {
        Which::Open => {
            views.retain(|view| view.standing.is_open());
            views.sort_by_key(|view| (view.row.placed_at_ms, view.row.order));
        }
        Which::All => {
            views.sort_by_key(|view| std::cmp::Reverse((view.row.placed_at_ms, view.row.order)));
        }
    }
    Ok(views)
}

/// One order of this location.
///
/// # Errors
/// Refused as `order.unknown`; [`TillError::Corrupt`].
pub fn detail(conn: &Connection, order: OrderId) -> Result<OrderView, TillError> {
    let row: Option<OrderRow> = feed::row(conn, &format!("order/{order}"))?;
    view(conn, row.ok_or_else(|| unknown(&order.to_string()))?)
}

/// The order with a printed number, e.g. scanned from the customer's confirmation.
///
/// # Errors
/// As [`detail`].
pub fn by_number(conn: &Connection, number: &str) -> Result<OrderView, TillError> {
    let rows: Vec<OrderRow> = feed::rows(conn, "order/")?;
    let found = rows.into_iter().find(|row| row.number.eq_ignore_ascii_case(number));
    view(conn, found.ok_or_else(|| unknown(number))?)
}

/// States that the goods of an order were put together.
///
/// # Errors
/// Refused as `order.unknown`, `order.unpaid`, `order.called_off`, `order.done_before`.
pub fn pick(ledger: &mut Ledger, who: &Who, order: OrderId) -> Result<Topics, TillError> {
    let view = detail(ledger.reader(), order)?;
    ready(&view, &[Standing::ToPick])?;
    write(ledger, who, &Fact::OrderPicked(OrderPicked { order }))
}

/// States that an order was handed over to its customer.
///
/// # Errors
/// As [`pick`].
pub fn hand_over(ledger: &mut Ledger, who: &Who, order: OrderId) -> Result<Topics, TillError> {
    let view = detail(ledger.reader(), order)?;
    ready(&view, &[Standing::ToPick, Standing::Picked, Standing::Shipped])?;
    write(ledger, who, &Fact::OrderHandedOver(OrderHandedOver { order }))
}

/// A parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Who carries it.
    pub carrier: Option<String>,
    /// Tracking number.
    pub tracking: String,
}

/// States that an order left with a carrier.
///
/// # Errors
/// As [`pick`], and refused as `order.tracking`, `order.carrier`, `order.collected`.
pub fn ship(
    ledger: &mut Ledger,
    who: &Who,
    order: OrderId,
    parcel: &Parcel,
) -> Result<Topics, TillError> {
    let view = detail(ledger.reader(), order)?;
    if view.row.fulfilment == Some(Fulfilment::Collect) {
        let message = format!("{} is collected, not shipped", view.row.number);
        return Err(TillError::refused("order.collected", message));
    }
    ready(&view, &[Standing::ToPick, Standing::Picked])?;
    let tracking = checked_tracking(&parcel.tracking)
        .map_err(|error| TillError::refused(error.code(), error.to_string()))?;
    let carrier = parcel.carrier.as_deref().map(str::trim).filter(|carrier| !carrier.is_empty());
    if carrier.is_some_and(|carrier| carrier.chars().count() > CARRIER_CHARS_MAX) {
        let message = format!("carrier may have {CARRIER_CHARS_MAX} characters");
        return Err(TillError::refused("order.carrier", message));
    }
    let carrier = carrier.map(str::to_owned);
    write(ledger, who, &Fact::OrderShipped(OrderShipped { order, carrier, tracking }))
}

/// Asks the store to call an order off; [`requests::state_of`] has the answer after the next exchange. Never offered
/// offline: whether an order can still be called off only the store knows.
///
/// # Errors
/// Refused as `store.offline`, `order.unknown`, `order.done_before`, `order.called_off`, `order.reason`,
/// `request.waiting`, `approval.…`.
pub fn ask_cancel(
    ledger: &mut Ledger,
    who: &Who,
    order: OrderId,
    reason: &str,
) -> Result<Uuid, TillError> {
    let conn = ledger.reader();
    requests::ensure_online(conn, who.moment)?;
    let view = detail(conn, order)?;
    if view.cancel == Some(RequestState::Waiting) {
        let message = format!("{} is being called off already", view.row.number);
        return Err(TillError::refused("request.waiting", message));
    }
    ready(&view, &[Standing::Unpaid, Standing::ToPick, Standing::Picked])?;
    let reason = reason.trim();
    if !(1..=REASON_CHARS_MAX).contains(&reason.chars().count()) {
        let message = format!("a reason of 1 to {REASON_CHARS_MAX} characters must be given");
        return Err(TillError::refused("order.reason", message));
    }
    let action = match view.standing {
        Standing::Unpaid => Action::FulfilOrder,
        Standing::ToPick
        | Standing::Picked
        | Standing::Shipped
        | Standing::Delivered
        | Standing::Cancelled
        | Standing::Refunded => Action::CancelPaidOrder,
    };
    let approver = who.allow(action, &catalogue::settings(conn)?)?;
    let id = random::id(who.at_ms())?;
    let body = RequestBody::OrderCancel {
        order: order.0,
        reason: reason.to_owned(),
        staff: who.actor.staff.to_string(),
        approver: approver.map(|staff| staff.to_string()),
    };
    ledger.write_state(|conn| requests::put(conn, who.moment, &Request::new(id, &body)))?;
    Ok(id)
}

fn unknown(which: &str) -> TillError {
    TillError::refused("order.unknown", format!("no order {which} for this location is known here"))
}

/// Refuses what this till knows to be wrong; the rest is found out by the store.
fn ready(view: &OrderView, when: &[Standing]) -> Result<(), TillError> {
    if when.contains(&view.standing) {
        return Ok(());
    }
    let number = &view.row.number;
    Err(match view.standing {
        Standing::Unpaid => TillError::refused("order.unpaid", format!("{number} is not paid yet")),
        Standing::Cancelled | Standing::Refunded => {
            TillError::refused("order.called_off", format!("{number} was called off"))
        }
        Standing::ToPick | Standing::Picked | Standing::Shipped | Standing::Delivered => {
            TillError::refused("order.done_before", format!("this was done with {number} before"))
        }
    })
}

fn write(ledger: &mut Ledger, who: &Who, fact: &Fact) -> Result<Topics, TillError> {
    let approver = who.allow(Action::FulfilOrder, &catalogue::settings(ledger.reader())?)?;
    let (_, topics) = ledger.write(who.act(), |gate| {
        gate.approved_by(approver);
        gate.append(fact)
    })?;
    Ok(topics)
}

fn view(conn: &Connection, row: OrderRow) -> Result<OrderView, TillError> {
    let mut items = Vec::with_capacity(row.lines.len());
    for (sku, quantity_milli) in &row.lines {
        let name = catalogue::item(conn, sku)?.map(|item| item.name);
        items.push(OrderItem { sku: sku.clone(), name, quantity_milli: *quantity_milli });
    }
    let standing = standing(&row, deeds(conn, row.order)?);
    let cancel = requests::last_about(conn, &format!("order/{}", row.order))?;
    Ok(OrderView { row, items, standing, cancel: cancel.map(|(_, state)| state) })
}

/// What was done here.
#[derive(Debug, Clone, Copy, Default)]
struct Deeds {
    picked: bool,
    shipped: bool,
    handed_over: bool,
}

fn deeds(conn: &Connection, order: OrderId) -> Result<Deeds, TillError> {
    let deeds = conn
        .prepare_cached(
            "SELECT coalesce(max(deed = 'picked'), 0), coalesce(max(deed = 'shipped'), 0),
                    coalesce(max(deed = 'handed_over'), 0)
             FROM order_deed WHERE order_id = ?1",
        )?
        .query_row([order.0], |row| {
            Ok(Deeds { picked: row.get(0)?, shipped: row.get(1)?, handed_over: row.get(2)? })
        })?;
    Ok(deeds)
}

fn standing(row: &OrderRow, own: Deeds) -> Standing {
    // An older store tells no stage.
    let stage = row.stage.as_deref().unwrap_or(&row.state);
    match row.state.as_str() {
        "pending" => Standing::Unpaid,
        "cancelled" => Standing::Cancelled,
        "refunded" => Standing::Refunded,
        _ if stage == "delivered" || own.handed_over => Standing::Delivered,
        _ if stage == "shipped" || own.shipped => Standing::Shipped,
        _ if stage == "processing" || row.picked_at_ms.is_some() || own.picked => Standing::Picked,
        _ => Standing::ToPick,
    }
}
