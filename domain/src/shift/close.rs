//! Counting and closing: the Z report.

use super::{ShiftError, ShiftFold, validate_denominations, validate_holding};
use crate::amount::{Minor, OutOfRange};
use crate::document::TenderType;
use crate::entry::{Denominations, JournalHead, PerpetualTotals, ShiftTotals, ZReport};
use std::collections::BTreeMap;

/// What the cashier counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Per tender; cash always, others where the shop counts them.
    pub counted_minor: BTreeMap<TenderType, Minor>,
    /// Counted cash by denomination, where counted so.
    pub denominations: Denominations,
    /// Whether the count was entered before the expected amount was shown.
    pub blind: bool,
    /// Why it is over or short; wanted above the limit.
    pub reason: Option<String>,
    /// Whether a person with the right has approved what is over or short.
    pub approved: bool,
    /// Over or short, either way, up to which no approval is needed.
    pub limit_minor: Minor,
}

/// What a Z report carries on from the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// Last Z number, 0 before the first.
    pub z_no: i64,
    /// Totals since the first day.
    pub perpetual: PerpetualTotals,
}

/// Closes a shift. `head` is the journal's head before the entry that will hold the report.
///
/// A shift always closes: what is over or short above the limit takes a reason and an approval, nothing more.
///
/// # Errors
/// [`ShiftError`].
pub fn close(
    fold: &ShiftFold,
    count: Count,
    carried: Carried,
    closed_at_ms: i64,
    head: JournalHead,
) -> Result<ZReport, ShiftError> {
    let cash =
        count.counted_minor.get(&TenderType::Cash).copied().ok_or(ShiftError::CashNotCounted)?;
    validate_denominations(&count.denominations, cash)?;
    let totals = counted_totals(fold.totals(), &count.counted_minor)?;
    guard_over_short(&totals, &count)?;
    let z_no = carried.z_no.checked_add(1).ok_or(OutOfRange)?;
    Ok(ZReport {
        z_no,
        perpetual: perpetual_after(carried.perpetual, &totals)?,
        totals,
        closed_at_ms,
        blind: count.blind,
        denominations: count.denominations,
        over_short_reason: count.reason,
        head,
    })
}

/// Perpetual totals after a shift: previous + Z.
///
/// # Errors
/// [`OutOfRange`].
pub fn perpetual_after(
    previous: PerpetualTotals,
    totals: &ShiftTotals,
) -> Result<PerpetualTotals, OutOfRange> {
    let documents = [totals.counts.sales, totals.counts.refunds, totals.counts.voids]
        .into_iter()
        .try_fold(previous.documents, i64::checked_add)
        .ok_or(OutOfRange)?;
    let after = PerpetualTotals {
        sales_minor: previous.sales_minor.checked_add(totals.sales_minor)?,
        returns_minor: previous.returns_minor.checked_add(totals.returns_minor)?,
        net_minor: previous
            .net_minor
            .checked_add(totals.sales_minor)?
            .checked_sub(totals.returns_minor)?,
        documents,
    };
    Ok(after)
}

fn counted_totals(
    totals: &ShiftTotals,
    counted: &BTreeMap<TenderType, Minor>,
) -> Result<ShiftTotals, ShiftError> {
    let mut totals = totals.clone();
    for (tender_type, amount) in counted {
        validate_holding("counted_minor", *amount)?;
        let at = totals.tenders.binary_search_by_key(tender_type, |row| row.tender_type);
        // Counting a tender that was never taken is fine as long as nothing was found of it.
        let Ok(at) = at else {
            if amount.is_zero() {
                continue;
            }
            return Err(ShiftError::NotTaken { tender_type: *tender_type });
        };
        let row = &mut totals.tenders[at];
        row.counted_minor = Some(*amount);
        row.over_short_minor = Some(amount.checked_sub(row.expected_minor)?);
    }
    Ok(totals)
}

fn guard_over_short(totals: &ShiftTotals, count: &Count) -> Result<(), ShiftError> {
    let worst = totals
        .tenders
        .iter()
        .filter_map(|tender| tender.over_short_minor)
        .max_by_key(|over_short| over_short.0.unsigned_abs())
        .unwrap_or_default();
    if worst.0.unsigned_abs() <= count.limit_minor.0.max(0).unsigned_abs() {
        return Ok(());
    }
    let reasoned = count.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
    if !count.approved {
        return Err(ShiftError::NeedsApproval {
            over_short_minor: worst,
            limit_minor: count.limit_minor,
        });
    }
    if reasoned { Ok(()) } else { Err(ShiftError::Reason) }
}
