//! Shifts and cash that moved without a document.

use super::{Placed, Unapplied};
use crate::args;
use crate::db::{DbError, Tx};
use crate::documents::tender_name;
use daybook_domain::entry::{CashMoved, Fact, ShiftOpened, ZReport};
use daybook_domain::ids::ShiftId;

pub(super) fn apply(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    for placed in facts {
        match placed.fact {
            Fact::ShiftOpened(opened) => open(tx, placed, opened)?,
            Fact::ShiftClosed(report) => close(tx, placed, report)?,
            Fact::CashPaidIn(cash) => moved(tx, placed, "paid_in", cash)?,
            Fact::CashPaidOut(cash) => moved(tx, placed, "paid_out", cash)?,
            Fact::CashDropped(cash) => moved(tx, placed, "dropped", cash)?,
            Fact::CashLoaned(cash) => moved(tx, placed, "loaned", cash)?,
            Fact::IncarnationStarted(_)
            | Fact::AppStarted(_)
            | Fact::StaffSignedIn(_)
            | Fact::StaffSignedOut(_)
            | Fact::StaffSignInFailed(_)
            | Fact::StaffLocked(_)
            | Fact::XReport(_)
            | Fact::DrawerOpened(_)
            | Fact::SaleCompleted(_)
            | Fact::RefundCompleted(_)
            | Fact::ExchangeCompleted(_)
            | Fact::SaleVoided(_)
            | Fact::BasketParked(_)
            | Fact::BasketRecalled(_)
            | Fact::BasketAborted(_)
            | Fact::StockReceived(_)
            | Fact::StockAdjusted(_)
            | Fact::StockWrittenOff(_)
            | Fact::StockTransferredOut(_)
            | Fact::StockTransferredIn(_)
            | Fact::StockCounted(_)
            | Fact::ReceiptReprinted(_)
            | Fact::CustomerCreated(_)
            | Fact::OrderPicked(_)
            | Fact::OrderShipped(_)
            | Fact::OrderHandedOver(_)
            | Fact::ClockJumped(_)
            | Fact::Statement(_) => {}
        }
    }
    Ok(())
}

/// The Z may be here before the opening, where that waited in quarantine.
fn open(tx: &mut Tx<'_>, placed: &Placed<'_>, opened: &ShiftOpened) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    let changed = tx.execute(
        "INSERT INTO shift (tenant_id, shift_id, till_id, incarnation, opened_seq, location_id, day, fiscal_year,
             staff_id, opening_float_minor, opened_at_ms)
         SELECT $1, $2, $3, $4, $5, location_id, $6, $7, $8, $9, $10 FROM till WHERE tenant_id = $1 AND till_id = $3
         ON CONFLICT (tenant_id, shift_id) DO UPDATE SET opened_seq = excluded.opened_seq, day = excluded.day,
             fiscal_year = excluded.fiscal_year, opening_float_minor = excluded.opening_float_minor
             WHERE shift.opened_seq IS NULL AND shift.till_id = excluded.till_id",
        args![
            tenant,
            opened.shift,
            placed.till,
            placed.incarnation,
            placed.seq,
            opened.day,
            opened.fiscal_year,
            placed.meta.staff,
            opened.opening_float_minor,
            placed.meta.at_ms
        ],
    )?;
    if changed == 0 {
        return Err(taken(tx, placed, opened.shift, "opened", "body.shift")?);
    }
    Ok(())
}

/// Why a shift cannot be opened or closed: it was before, or it is another till's.
fn taken(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    shift: ShiftId,
    act: &str,
    field: &str,
) -> Result<Unapplied, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT s.till_id, t.code FROM shift s JOIN till t ON t.tenant_id = s.tenant_id AND t.till_id = s.till_id
         WHERE s.tenant_id = $1 AND s.shift_id = $2",
        args![tenant, shift],
    )?;
    if row.uuid(0)? != placed.till {
        let detail = format!("{field}: shift {shift} is one of till {}", row.text(1)?);
        return Ok(Unapplied::new("shift.other_till", detail));
    }
    let code = if act == "opened" { "shift.opened_twice" } else { "shift.closed_twice" };
    Ok(Unapplied::new(code, format!("{field}: shift {shift} was {act} by an earlier entry")))
}

/// A restored till may close a shift whose opening was lost with the old ledger: the Z is kept all the same.
fn close(tx: &mut Tx<'_>, placed: &Placed<'_>, report: &ZReport) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    let totals = &report.totals;
    let json =
        serde_json::to_string(report).map_err(|error| Unapplied::new("entry.body", error))?;
    let changed = tx.execute(
        "INSERT INTO shift (tenant_id, shift_id, till_id, incarnation, closed_seq, location_id, day, fiscal_year,
             staff_id, opening_float_minor, opened_at_ms, closed_at_ms, z_no, report)
         SELECT $1, $2, $3, $4, $5, location_id, $6, '', $7, $8, $9, $10, $11, $12
         FROM till WHERE tenant_id = $1 AND till_id = $3
         ON CONFLICT (tenant_id, shift_id) DO UPDATE SET closed_seq = excluded.closed_seq,
             closed_at_ms = excluded.closed_at_ms, z_no = excluded.z_no, report = excluded.report
             WHERE shift.closed_seq IS NULL AND shift.till_id = excluded.till_id",
        args![
            tenant,
            totals.shift,
            placed.till,
            placed.incarnation,
            placed.seq,
            placed.meta.day,
            placed.meta.staff,
            totals.opening_float_minor,
            totals.opened_at_ms,
            report.closed_at_ms,
            report.z_no,
            json
        ],
    )?;
    if changed == 0 {
        return Err(taken(tx, placed, totals.shift, "closed", "body.totals.shift")?);
    }
    for tender in &totals.tenders {
        tx.execute(
            "INSERT INTO shift_tender (tenant_id, shift_id, tender_type, sales_minor, refunds_minor, expected_minor,
                 counted_minor, over_short_minor)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            args![
                tenant,
                totals.shift,
                tender_name(tender.tender_type),
                tender.sales_minor,
                tender.refunds_minor,
                tender.expected_minor,
                tender.counted_minor,
                tender.over_short_minor
            ],
        )?;
    }
    Ok(())
}

fn moved(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    kind: &str,
    cash: &CashMoved,
) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    tx.execute(
        "INSERT INTO cash_movement (tenant_id, till_id, incarnation, seq, shift_id, kind, amount_minor, reason, staff_id,
             at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        args![
            tenant,
            placed.till,
            placed.incarnation,
            placed.seq,
            placed.meta.shift,
            kind,
            cash.amount_minor,
            cash.reason,
            placed.meta.staff,
            placed.meta.at_ms
        ],
    )?;
    Ok(())
}
