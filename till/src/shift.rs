//! Shifts: open, cash in between, X, blind count and Z; and the till's statement for reconciliation.

use crate::catalogue;
use crate::error::TillError;
use crate::ledger::gate::{CLOCK_IN_DOUBT, Gate};
use crate::ledger::query;
use crate::ledger::{Ledger, OpenShift, Topics, state, verify};
use crate::printing::queue::{self, NewJob, What};
use crate::printing::setup::PrinterSetup;
use crate::random;
use crate::staff::Who;
use crate::stock;
use daybook_domain::amount::Minor;
use daybook_domain::clock::{self, ClockVerdict, Moment, ShiftDay};
use daybook_domain::document::TenderType;
use daybook_domain::entry::{
    CashMoved, Denominations, DrawerOpened, Fact, ShiftOpened, ShiftTotals, Statement,
    StatementLine, XReport, ZReport,
};
use daybook_domain::feed::Settings;
use daybook_domain::ids::{ShiftId, Sku, StaffId};
use daybook_domain::shift::{self, Count, ShiftError};
use daybook_domain::staff::Action;
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Lines of one part of a statement; a line takes less than 200 bytes.
const STATEMENT_LINES: usize = 2_000;

fn refused(error: &ShiftError) -> TillError {
    TillError::refused(error.code(), error.to_string())
}

/// Opens a shift. Business day and fiscal year are fixed here. After the clock has jumped by a day or more a manager
/// must approve.
///
/// # Errors
/// Refused as `shift.open_already`, `cash.…`, `approval.…`.
pub fn open(
    ledger: &mut Ledger,
    who: &Who,
    opening_float: Minor,
    denominations: Denominations,
) -> Result<(OpenShift, Topics), TillError> {
    ledger.write(who.act(), |gate| open_in(gate, who, opening_float, denominations))
}

/// Opens a shift together with what is done in the same transaction.
pub(crate) fn open_in(
    gate: &mut Gate<'_>,
    who: &Who,
    opening_float: Minor,
    denominations: Denominations,
) -> Result<OpenShift, TillError> {
    let settings = catalogue::settings(gate.conn())?;
    let day = day_of(who, &settings)?;
    let opened = ShiftOpened {
        shift: ShiftId(random::id(who.at_ms())?),
        day: day.day,
        fiscal_year: day.fiscal_year,
        opening_float_minor: opening_float,
        denominations,
    };
    shift::validate_opening(&opened).map_err(|error| refused(&error))?;
    if let Some(open) = &gate.live().shift {
        return Err(TillError::refused(
            "shift.open_already",
            format!("the shift of {} is still open", open.day),
        ));
    }
    // A jump was noted when this transaction began, or by an act before it.
    let jumped: Option<bool> = state::get(gate.conn(), CLOCK_IN_DOUBT)?;
    let doubted = jumped == Some(true) || differs_from_store(gate.conn(), who.moment)?;
    let approver = if doubted && who.data_at_ms.is_none() {
        state::clear(gate.conn(), CLOCK_IN_DOUBT)?;
        who.allow(Action::ConfirmClock, &settings)?
    } else {
        who.allow(Action::OpenShift, &settings)?
    };
    gate.approved_by(approver);
    gate.append(&Fact::ShiftOpened(opened))?;
    gate.shift().cloned()
}

/// The business day and fiscal year of an act.
///
/// # Errors
/// [`TillError::BadInput`] for a moment outside the calendar.
pub(crate) fn day_of(who: &Who, settings: &Settings) -> Result<ShiftDay, TillError> {
    clock::shift_day(who.at_ms(), settings.offset_min, settings.fiscal_year_start_month)
        .map_err(|error| TillError::bad("at", error))
}

/// Whether the clock has jumped so far that a manager must confirm it before the next shift opens.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn clock_in_doubt(ledger: &Ledger, now: Moment) -> Result<bool, TillError> {
    let noted: Option<bool> = state::get(ledger.reader(), CLOCK_IN_DOUBT)?;
    let last = ledger.live().ok().and_then(|live| live.last);
    let jumps = |last| matches!(clock::check(last, now), ClockVerdict::AskManager(_));
    let differs = differs_from_store(ledger.reader(), now)?;
    Ok(noted == Some(true) || last.is_some_and(jumps) || differs)
}

/// Whether this machine's clock is a day or more off the store's, as far as both can be known: it shows a time before the
/// store last spoke, or it was ahead then and was not set back since.
fn differs_from_store(conn: &Connection, now: Moment) -> Result<bool, TillError> {
    let (Some(store), Some(then)) =
        (state::get::<i64>(conn, "store_now_ms")?, state::get::<i64>(conn, "last_exchange_at_ms")?)
    else {
        return Ok(false);
    };
    let behind = store.saturating_sub(now.at_ms) >= clock::MANAGER_ABOVE_MS;
    let ahead = then.saturating_sub(store) >= clock::MANAGER_ABOVE_MS && now.at_ms >= then;
    Ok(behind || ahead)
}

/// Cash that moves without a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cash {
    /// In, no sale.
    In,
    /// Out, no refund.
    Out,
    /// To the safe.
    Drop,
    /// From the safe.
    Loan,
}

/// Moves cash.
///
/// # Errors
/// Refused as `shift.none_open`, `cash.…`, `approval.…`.
pub fn move_cash(
    ledger: &mut Ledger,
    who: &Who,
    cash: Cash,
    moved: CashMoved,
) -> Result<Topics, TillError> {
    shift::validate_cash(&moved).map_err(|error| refused(&error))?;
    let settings = catalogue::settings(ledger.reader())?;
    let (action, fact) = match cash {
        Cash::In => (Action::PayIn, Fact::CashPaidIn(moved)),
        Cash::Out => (Action::PayOut, Fact::CashPaidOut(moved)),
        Cash::Drop => (Action::Drop, Fact::CashDropped(moved)),
        Cash::Loan => (Action::PayIn, Fact::CashLoaned(moved)),
    };
    Ok(append_in_shift(ledger, who, who.allow(action, &settings)?, &fact)?.1)
}

/// Opens the drawer without a document.
///
/// # Errors
/// Refused as `shift.none_open`, `approval.…`.
pub fn no_sale(ledger: &mut Ledger, who: &Who, reason: &str) -> Result<Topics, TillError> {
    let settings = catalogue::settings(ledger.reader())?;
    let approver = who.allow(Action::NoSale, &settings)?;
    let fact = Fact::DrawerOpened(DrawerOpened { reason: reason.to_owned() });
    Ok(append_in_shift(ledger, who, approver, &fact)?.1)
}

fn append_in_shift(
    ledger: &mut Ledger,
    who: &Who,
    approver: Option<StaffId>,
    fact: &Fact,
) -> Result<(i64, Topics), TillError> {
    ledger.write(who.act(), |gate| {
        gate.shift()?;
        gate.approved_by(approver);
        gate.append(fact)
    })
}

/// Queues the paper of the report that an entry holds. `name` is what it is called.
///
/// # Errors
/// [`TillError::Database`].
pub(crate) fn queue_report(
    conn: &rusqlite::Connection,
    entry: i64,
    name: &str,
    at_ms: i64,
) -> Result<(), TillError> {
    let (what, entry) = (What::Report, Some(entry));
    queue::put(conn, &NewJob { what, document: None, entry, name, copy_no: 0 }, at_ms)?;
    Ok(())
}

/// Running totals of the open shift, as read; leaves no trace.
///
/// # Errors
/// Refused as `shift.none_open`.
pub fn totals(ledger: &Ledger) -> Result<ShiftTotals, TillError> {
    let open = ledger
        .live()?
        .shift
        .as_ref()
        .ok_or_else(|| TillError::refused("shift.none_open", "no shift is open"))?;
    Ok(query::shift_fold(ledger.reader(), open)?.totals().clone())
}

/// X: the running totals, journalled. Returns the position of its entry with them. The count is blind: who may not read
/// what should be there gets no tenders, neither here nor on the paper of the entry.
///
/// # Errors
/// Refused as `shift.none_open`.
pub fn x_report(ledger: &mut Ledger, who: &Who) -> Result<(ShiftTotals, i64), TillError> {
    let settings = catalogue::settings(ledger.reader())?;
    let mut totals = totals(ledger)?;
    if who.allow(Action::ReadExpected, &settings).is_err() {
        totals.tenders.clear();
    }
    let fact = Fact::XReport(XReport { totals: totals.clone() });
    let (pos, _) = append_in_shift(ledger, who, None, &fact)?;
    Ok((totals, pos))
}

/// What was counted to close a shift.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Per tender; cash always.
    pub amounts: BTreeMap<TenderType, Minor>,
    /// Cash by denomination.
    pub denominations: Denominations,
    /// Why it is over or short.
    pub reason: Option<String>,
}

/// Counts and closes the shift: Z. With `check` the whole ledger is verified before; `progress` hears of it.
///
/// # Errors
/// Refused as `shift.…`, `approval.…`; [`TillError::Corrupt`] when the ledger does not verify.
pub fn close(
    ledger: &mut Ledger,
    who: &Who,
    counted: Counted,
    check: Option<&mut dyn FnMut(i64)>,
) -> Result<(ZReport, Topics), TillError> {
    if let Some(progress) = check {
        verify::full(ledger.reader(), ledger.live()?, progress)?;
    }
    ledger.write(who.act(), |gate| close_in(gate, who, |_| counted))
}

/// Closes the shift together with what is done in the same transaction; `count` answers what was counted where the
/// records have these totals.
pub(crate) fn close_in(
    gate: &mut Gate<'_>,
    who: &Who,
    count: impl FnOnce(&ShiftTotals) -> Counted,
) -> Result<ZReport, TillError> {
    let settings = catalogue::settings(gate.conn())?;
    let open = gate.shift()?.clone();
    let fold = query::shift_fold(gate.conn(), &open)?;
    let counted = count(fold.totals());
    let worst = worst(fold.totals(), &counted.amounts)?;
    let action = Action::CloseShift { over_short_minor: worst };
    let approver = who.allow(action, &settings)?;
    let count = Count {
        counted_minor: counted.amounts,
        denominations: counted.denominations,
        blind: true,
        reason: counted.reason,
        approved: true,
        limit_minor: settings.over_short_limit_minor,
    };
    let head = query::journal_head(gate.live());
    let carried = query::carried(gate.conn())?;
    let z =
        shift::close(&fold, count, carried, who.at_ms(), head).map_err(|error| refused(&error))?;
    gate.approved_by(approver);
    let pos = gate.append(&Fact::ShiftClosed(z.clone()))?;
    if PrinterSetup::read(gate.conn())?.prints_receipts() {
        queue_report(gate.conn(), pos, &format!("Z {}", z.z_no), who.at_ms())?;
    }
    Ok(z)
}

fn worst(totals: &ShiftTotals, counted: &BTreeMap<TenderType, Minor>) -> Result<Minor, TillError> {
    let mut worst = Minor::ZERO;
    for row in &totals.tenders {
        if let Some(amount) = counted.get(&row.tender_type) {
            let off = amount.checked_sub(row.expected_minor)?;
            if off.0.unsigned_abs() > worst.0.unsigned_abs() {
                worst = off;
            }
        }
    }
    Ok(worst)
}

/// States what this till shows of its stock and money, in as many entries as it takes. Returns how many.
///
/// # Errors
/// [`TillError::Database`].
pub fn state_view(ledger: &mut Ledger, who: &Who) -> Result<usize, TillError> {
    let statement = random::id(who.at_ms())?;
    let epoch: i64 = state::get(ledger.reader(), "epoch")?.unwrap_or(0);
    let totals = match &ledger.live()?.shift {
        Some(_) => Some(totals(ledger)?),
        None => None,
    };
    let perpetual = query::perpetual_now(ledger.reader(), totals.as_ref())?;
    let (parts, _) = ledger.write(who.act(), |gate| {
        let location = gate.identity().location.clone();
        let lines = statement_lines(gate.conn(), &location)?;
        let chunks: Vec<&[StatementLine]> =
            if lines.is_empty() { vec![&[]] } else { lines.chunks(STATEMENT_LINES).collect() };
        let parts = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
        let (head, feed) = (query::journal_head(gate.live()), gate.live().feed);
        for (part, chunk) in (1..).zip(&chunks) {
            gate.append(&Fact::Statement(Statement {
                statement,
                part,
                parts,
                location: location.clone(),
                epoch,
                feed,
                head: head.clone(),
                lines: chunk.to_vec(),
                shift: totals.clone().filter(|_| part == 1),
                perpetual: (part == 1).then_some(perpetual),
            }))?;
        }
        Ok(chunks.len())
    })?;
    Ok(parts)
}

fn statement_lines(
    conn: &rusqlite::Connection,
    location: &daybook_domain::ids::LocationId,
) -> Result<Vec<StatementLine>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT sku FROM stock WHERE location = ?1
         UNION SELECT sku FROM overlay WHERE location = ?1 ORDER BY sku",
    )?;
    let skus = statement
        .query_map([location.as_str()], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    skus.into_iter()
        .map(|sku| {
            let sku = Sku::new(sku)?;
            let shown = stock::shown(conn, location, &sku)?;
            Ok(StatementLine {
                sku,
                level_milli: shown.level_milli,
                row_feed: shown.row_feed,
                shown_milli: shown.level.on_hand_milli,
            })
        })
        .collect()
}
