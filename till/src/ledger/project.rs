//! From an entry to the rows that can be asked: the same function when it is written and when all is rebuilt.

use crate::error::TillError;
use daybook_domain::balance;
use daybook_domain::document::Document;
use daybook_domain::entry::{Fact, Movement, MovementReason, OrderShipped, Sale};
use daybook_domain::ids::OrderId;
use rusqlite::{Connection, params};

/// What the rows need of an entry besides its fact.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Position in the ledger.
    pub pos: i64,
    /// Open shift when it was written.
    pub shift: Option<uuid::Uuid>,
}

/// Writes the rows of one entry.
///
/// # Errors
/// [`TillError::Database`], also for a number or id that is there already.
pub fn project(conn: &Connection, place: Place, fact: &Fact) -> Result<(), TillError> {
    match fact {
        Fact::SaleCompleted(sale)
        | Fact::RefundCompleted(sale)
        | Fact::ExchangeCompleted(sale)
        | Fact::SaleVoided(sale) => document(conn, place, fact.kind(), sale),
        Fact::ShiftOpened(opened) => {
            conn.prepare_cached(
                "INSERT INTO shift (pos, shift, day, fiscal_year) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                place.pos,
                opened.shift.0,
                opened.day,
                opened.fiscal_year
            ])?;
            Ok(())
        }
        Fact::ShiftClosed(z) => {
            conn.prepare_cached("INSERT INTO closing (pos, shift, z_no) VALUES (?1, ?2, ?3)")?
                .execute(params![place.pos, z.totals.shift.0, z.z_no])?;
            Ok(())
        }
        Fact::StockReceived(moved)
        | Fact::StockAdjusted(moved)
        | Fact::StockWrittenOff(moved)
        | Fact::StockTransferredOut(moved)
        | Fact::StockTransferredIn(moved) => movements(conn, place.pos, &moved.movements),
        Fact::ReceiptReprinted(reprint) => {
            conn.prepare_cached(
                "INSERT INTO reprint (document, copy_no, pos) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![reprint.document.0, reprint.copy_no, place.pos])?;
            Ok(())
        }
        Fact::OrderPicked(picked) => deed(conn, place.pos, picked.order, "picked", None),
        Fact::OrderShipped(shipped) => {
            deed(conn, place.pos, shipped.order, "shipped", Some(shipped))
        }
        Fact::OrderHandedOver(handed) => deed(conn, place.pos, handed.order, "handed_over", None),
        Fact::IncarnationStarted(_)
        | Fact::AppStarted(_)
        | Fact::StaffSignedIn(_)
        | Fact::StaffSignedOut(_)
        | Fact::StaffSignInFailed(_)
        | Fact::StaffLocked(_)
        | Fact::XReport(_)
        | Fact::CashPaidIn(_)
        | Fact::CashPaidOut(_)
        | Fact::CashDropped(_)
        | Fact::CashLoaned(_)
        | Fact::DrawerOpened(_)
        | Fact::BasketParked(_)
        | Fact::BasketRecalled(_)
        | Fact::BasketAborted(_)
        | Fact::StockCounted(_)
        | Fact::CustomerCreated(_)
        | Fact::ClockJumped(_)
        | Fact::Statement(_) => Ok(()),
    }
}

fn document(conn: &Connection, place: Place, kind: &str, sale: &Sale) -> Result<(), TillError> {
    let document = &sale.document;
    conn.prepare_cached(
        "INSERT INTO document
            (pos, id, number, series, kind, original, shift, issued_at_ms, payable_minor, source)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        place.pos,
        document.id.0,
        document.number,
        document.series,
        kind,
        document.original.as_ref().and_then(|original| original.id).map(|id| id.0),
        place.shift,
        document.issued_at_ms,
        document.totals.payable_minor.0,
        sale.source,
    ])?;
    conn.prepare_cached(
        "INSERT INTO number_series (series, last) VALUES (?1, ?2)
         ON CONFLICT (series) DO UPDATE SET last = excluded.last",
    )?
    .execute(params![document.series, counter_of(document)?])?;
    balance_changes(conn, place.pos, document)?;
    movements(conn, place.pos, &sale.movements)
}

/// What a document did to gift cards and store credit.
fn balance_changes(conn: &Connection, pos: i64, document: &Document) -> Result<(), TillError> {
    for (key, amount) in balance::changes(document)? {
        conn.prepare_cached(
            "INSERT INTO balance_change (pos, medium, number, amount_minor) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![pos, key.medium.name(), key.number, amount.0])?;
    }
    Ok(())
}

/// What was done here with a web order.
fn deed(
    conn: &Connection,
    pos: i64,
    order: OrderId,
    deed: &str,
    shipped: Option<&OrderShipped>,
) -> Result<(), TillError> {
    conn.prepare_cached(
        "INSERT INTO order_deed (pos, order_id, deed, carrier, tracking) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        pos,
        order.0,
        deed,
        shipped.and_then(|shipped| shipped.carrier.as_deref()),
        shipped.map(|shipped| shipped.tracking.as_str()),
    ])?;
    Ok(())
}

/// The counter at the end of a printed number.
pub(super) fn counter_of(document: &Document) -> Result<i64, TillError> {
    document
        .number
        .strip_prefix(&document.series)
        .and_then(|counter| counter.trim_start_matches(['-', '/']).parse().ok())
        .filter(|counter| *counter > 0)
        .ok_or_else(|| TillError::corrupt("document", &document.number, "no number of its series"))
}

fn movements(conn: &Connection, pos: i64, movements: &[Movement]) -> Result<(), TillError> {
    let mut row = conn.prepare_cached(
        "INSERT INTO movement (pos, no, location, sku, quantity_milli, leased_milli, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut overlay = conn.prepare_cached(
        "INSERT INTO overlay (location, sku, pos, quantity_milli, leased_milli)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (location, sku, pos)
         DO UPDATE SET quantity_milli = quantity_milli + excluded.quantity_milli,
                       leased_milli = leased_milli + excluded.leased_milli",
    )?;
    for (no, movement) in (1_i64..).zip(movements) {
        let (location, sku) = (movement.location.as_str(), movement.sku.as_str());
        let quantity = movement.quantity_milli.0;
        let leased = if movement.lease.is_some() { quantity } else { 0 };
        let reason = reason_text(movement.reason);
        row.execute(params![pos, no, location, sku, quantity, leased, reason])?;
        overlay.execute(params![location, sku, pos, quantity, leased])?;
    }
    Ok(())
}

/// How a reason stands in the table, as in the entry.
fn reason_text(reason: MovementReason) -> &'static str {
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
