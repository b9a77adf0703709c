//! Goods that move without a sale, and counting them; baskets put aside.

use crate::catalogue;
use crate::error::TillError;
use crate::feed;
use crate::issue::Shop;
use crate::ledger::gate::Gate;
use crate::ledger::{Ledger, Topics};
use crate::random;
use crate::said::{LABEL_CHARS_MAX, text};
use crate::sell;
use crate::staff::Who;
use crate::stock;
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::basket::{Basket, REASON_MAX};
use daybook_domain::entry::{
    BasketAside, BasketItem, CountLine, Fact, Movement, MovementReason, StockCounted, StockMoved,
};
use daybook_domain::feed::LocationRow;
use daybook_domain::ids::{BasketId, LocationId, Sku};
use daybook_domain::staff::Action;
use daybook_domain::stock::{MOVEMENT_MILLI_MAX, validate};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use uuid::Uuid;

/// Lines of one part of a count.
const COUNT_LINES: usize = 1_000;

/// Movements of one entry.
const MOVEMENTS_MAX: usize = 1_000;

/// How goods move without a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// Came in.
    Receive,
    /// Corrected by hand: the quantities are signed.
    Adjust,
    /// Spoiled, lost, used up.
    WriteOff,
    /// To another location.
    TransferOut(LocationId),
    /// From another location, by the id of the transfer where it is known.
    TransferIn(LocationId, Option<Uuid>),
}

/// Moves goods. Quantities are positive but for [`Move::Adjust`]. Returns the id of a transfer that begins here.
///
/// # Errors
/// Refused as `stock.…`, `approval.…`.
pub fn move_goods(
    ledger: &mut Ledger,
    who: &Who,
    how: &Move,
    goods: &[(Sku, Quantity)],
    reason: Option<&str>,
) -> Result<(Option<Uuid>, Topics), TillError> {
    let settings = catalogue::settings(ledger.reader())?;
    let reason = text("reason", reason, REASON_MAX)?;
    if goods.is_empty() || goods.len() > MOVEMENTS_MAX {
        return Err(TillError::bad("goods", format!("must be 1 to {MOVEMENTS_MAX}")));
    }
    let (action, why, sign) = match how {
        Move::Receive => (Action::ReceiveStock, MovementReason::Receipt, 1),
        Move::Adjust => (Action::AdjustStock, MovementReason::Adjustment, 1),
        Move::WriteOff => (Action::AdjustStock, MovementReason::WriteOff, -1),
        Move::TransferOut(_) => (Action::TransferStock, MovementReason::TransferOut, -1),
        Move::TransferIn(..) => (Action::ReceiveStock, MovementReason::TransferIn, 1),
    };
    let approver = who.allow(action, &settings)?;
    if matches!(how, Move::Adjust | Move::WriteOff) && reason.is_none() {
        return Err(TillError::refused("stock.reason", "a reason must be given"));
    }
    let location = ledger.identity()?.location.clone();
    if let Move::TransferOut(other) | Move::TransferIn(other, _) = how {
        other_place(ledger.reader(), &location, other)?;
    }
    let mut movements = Vec::with_capacity(goods.len());
    for (sku, quantity) in goods {
        if quantity.0 < 0 && *how != Move::Adjust {
            return Err(TillError::refused(
                "stock.not_positive",
                format!("{sku}: quantity must be above zero"),
            ));
        }
        let movement = Movement {
            sku: sku.clone(),
            location: location.clone(),
            quantity_milli: Quantity(quantity.0.saturating_mul(sign)),
            reason: why,
            lease: None,
            beyond_rights: false,
        };
        validate(&movement)
            .map_err(|error| TillError::refused(error.code(), format!("{sku}: {error}")))?;
        movements.push(movement);
    }
    let (other_location, transfer) = match how {
        Move::TransferOut(other) => (Some(other.clone()), Some(random::id(who.at_ms())?)),
        Move::TransferIn(other, transfer) => (Some(other.clone()), *transfer),
        Move::Receive | Move::Adjust | Move::WriteOff => (None, None),
    };
    let moved = StockMoved { movements, reason, other_location, transfer };
    let fact = match how {
        Move::Receive => Fact::StockReceived(moved),
        Move::Adjust => Fact::StockAdjusted(moved),
        Move::WriteOff => Fact::StockWrittenOff(moved),
        Move::TransferOut(_) => Fact::StockTransferredOut(moved),
        Move::TransferIn(..) => Fact::StockTransferredIn(moved),
    };
    let (_, topics) = ledger.write(who.act(), |gate| {
        gate.approved_by(approver);
        gate.append(&fact)
    })?;
    Ok((transfer, topics))
}

/// Goods go to and come from another location of the business.
fn other_place(conn: &Connection, own: &LocationId, other: &LocationId) -> Result<(), TillError> {
    let problem = if other == own {
        "is where this till stands"
    } else if feed::row::<LocationRow>(conn, &format!("location/{other}"))?.is_none() {
        "is no location of this business"
    } else {
        return Ok(());
    };
    Err(TillError::bad("other_location", format!("{other} {problem}")))
}

/// States what was counted; the adjustment is the store's. What was counted in several places is one number; large counts
/// are cut into parts.
///
/// # Errors
/// Refused as `stock.negative_count`; [`TillError::BadInput`] for more than a shelf can hold.
pub fn count(
    ledger: &mut Ledger,
    who: &Who,
    counted: &[(Sku, Quantity)],
) -> Result<(Uuid, Topics), TillError> {
    let settings = catalogue::settings(ledger.reader())?;
    let approver = who.allow(Action::CountStock, &settings)?;
    if counted.is_empty() {
        return Err(TillError::bad("counted", "nothing was counted"));
    }
    if let Some((sku, _)) = counted.iter().find(|(_, quantity)| quantity.0 < 0) {
        return Err(TillError::refused(
            "stock.negative_count",
            format!("{sku}: a count may not be below zero"),
        ));
    }
    let counted = in_all(counted)?;
    let stocktake = random::id(who.at_ms())?;
    let at_ms = who.at_ms();
    let ((), topics) = ledger.write(who.act(), |gate| {
        gate.approved_by(approver);
        let location = gate.identity().location.clone();
        let chunks: Vec<_> = counted.chunks(COUNT_LINES).collect();
        let parts = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
        for (part, chunk) in (1..).zip(chunks) {
            let mut lines = Vec::with_capacity(chunk.len());
            for (sku, counted_milli) in chunk {
                let shown = stock::shown(gate.conn(), &location, sku)?;
                lines.push(CountLine {
                    sku: sku.clone(),
                    counted_milli: *counted_milli,
                    expected_milli: shown.level.on_hand_milli,
                    at_ms,
                });
            }
            let location = location.clone();
            gate.append(&Fact::StockCounted(StockCounted {
                stocktake,
                part,
                parts,
                location,
                lines,
            }))?;
        }
        Ok(())
    })?;
    Ok((stocktake, topics))
}

/// Counts of the same SKU added up, in the order in which they were made.
fn in_all(counted: &[(Sku, Quantity)]) -> Result<Vec<(Sku, Quantity)>, TillError> {
    let mut all: Vec<(Sku, Quantity)> = Vec::with_capacity(counted.len());
    let mut places = HashMap::new();
    for (sku, quantity) in counted {
        let place = *places.entry(sku).or_insert_with(|| {
            all.push((sku.clone(), Quantity::ZERO));
            all.len() - 1
        });
        let sum = all.get(place).map_or(Quantity::ZERO, |(_, sum)| *sum).checked_add(*quantity)?;
        if sum.0 > MOVEMENT_MILLI_MAX {
            let most = Quantity(MOVEMENT_MILLI_MAX).to_decimal();
            return Err(TillError::bad("counted", format!("{sku}: at most {most} can be counted")));
        }
        if let Some((_, slot)) = all.get_mut(place) {
            *slot = sum;
        }
    }
    Ok(all)
}

/// What is recorded of a basket that became no document, at the prices in it. One that cannot be priced, for a discount above
/// its price, is recorded all the same, with nothing as its total.
fn aside(
    gate: &Gate<'_>,
    id: BasketId,
    basket: &Basket,
    reason: Option<String>,
) -> Result<BasketAside, TillError> {
    let rules = sell::rules(&Shop::load(gate)?, None)?;
    let figures = basket.price(&rules).ok();
    let totals = figures.iter().flat_map(|figures| &figures.lines).map(|line| line.total_minor);
    let totals = totals.chain(std::iter::repeat(Minor::ZERO));
    Ok(BasketAside {
        basket: id,
        lines: u32::try_from(basket.lines().len()).unwrap_or(u32::MAX),
        total_minor: figures.as_ref().map_or(Minor::ZERO, |figures| figures.totals.total_minor),
        items: basket
            .lines()
            .iter()
            .zip(totals)
            .map(|(line, total_minor)| BasketItem {
                sku: line.item.sku.clone(),
                quantity_milli: line.quantity_milli,
                total_minor,
            })
            .collect(),
        reason,
    })
}

/// Puts a basket aside.
///
/// # Errors
/// [`TillError::Database`].
pub fn park(
    ledger: &mut Ledger,
    who: &Who,
    id: BasketId,
    basket: &Basket,
    label: &str,
) -> Result<Topics, TillError> {
    let label = text("label", Some(label), LABEL_CHARS_MAX)?.unwrap_or_default();
    let ((), topics) = ledger.write(who.act(), |gate| park_in(gate, id, basket, &label))?;
    Ok(topics)
}

pub(crate) fn park_in(
    gate: &mut Gate<'_>,
    id: BasketId,
    basket: &Basket,
    label: &str,
) -> Result<(), TillError> {
    let content =
        serde_json::to_string(basket).map_err(|error| TillError::corrupt("parked", id, error))?;
    let parked = aside(gate, id, basket, None)?;
    gate.append(&Fact::BasketParked(parked))?;
    gate.conn().execute(
        "INSERT INTO parked (basket, at_ms, label, content) VALUES (?1, ?2, ?3, ?4)",
        params![id.0, gate.act().at_ms(), label, content],
    )?;
    Ok(())
}

/// Takes a parked basket up again.
///
/// # Errors
/// Refused as `basket.not_parked`.
pub(crate) fn recall_in(gate: &mut Gate<'_>, id: BasketId) -> Result<Basket, TillError> {
    let content: Option<String> = gate
        .conn()
        .query_row("SELECT content FROM parked WHERE basket = ?1", [id.0], |row| row.get(0))
        .optional()?;
    let content = content.ok_or_else(|| {
        TillError::refused("basket.not_parked", format!("no basket {id} is parked"))
    })?;
    let basket: Basket =
        serde_json::from_str(&content).map_err(|error| TillError::corrupt("parked", id, error))?;
    let recalled = aside(gate, id, &basket, None)?;
    gate.append(&Fact::BasketRecalled(recalled))?;
    gate.conn().execute("DELETE FROM parked WHERE basket = ?1", [id.0])?;
    Ok(basket)
}

/// Records a basket that was emptied before payment.
///
/// # Errors
/// [`TillError::Database`].
pub fn abort(
    ledger: &mut Ledger,
    who: &Who,
    id: BasketId,
    basket: &Basket,
    reason: Option<&str>,
) -> Result<Topics, TillError> {
    let reason = text("reason", reason, REASON_MAX)?;
    let ((), topics) = ledger.write(who.act(), |gate| abort_in(gate, id, basket, reason))?;
    Ok(topics)
}

pub(crate) fn abort_in(
    gate: &mut Gate<'_>,
    id: BasketId,
    basket: &Basket,
    reason: Option<String>,
) -> Result<(), TillError> {
    gate.conn().execute("DELETE FROM parked WHERE basket = ?1", [id.0])?;
    let aborted = aside(gate, id, basket, reason)?;
    gate.append(&Fact::BasketAborted(aborted))?;
    Ok(())
}

/// A basket that lies aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Which.
    pub basket: BasketId,
    /// UTC milliseconds.
    pub at_ms: i64,
    /// What it was called.
    pub label: String,
    /// What is in it.
    pub content: Basket,
}

/// How many baskets lie aside.
///
/// # Errors
/// [`TillError::Database`].
pub fn count_parked(conn: &Connection) -> Result<u32, TillError> {
    let counted =
        conn.prepare_cached("SELECT count(*) FROM parked")?.query_row([], |row| row.get(0))?;
    Ok(counted)
}

/// Baskets that lie aside, the oldest first.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn parked(conn: &Connection) -> Result<Vec<Parked>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT basket, at_ms, label, content FROM parked ORDER BY at_ms, basket",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, Uuid>(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?))
    })?;
    rows.map(|row| {
        let (basket, at_ms, label, content) = row?;
        let content = serde_json::from_str(&content)
            .map_err(|error| TillError::corrupt("parked", basket, error))?;
        Ok(Parked { basket: BasketId(basket), at_ms, label, content })
    })
    .collect()
}
