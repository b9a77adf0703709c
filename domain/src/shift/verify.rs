//! The store folds the same facts and compares.

use super::{Carried, ShiftFold, perpetual_after};
use crate::amount::OutOfRange;
use crate::entry::{ShiftTotals, ZReport};

/// A figure of a Z report that its facts do not bear out. The report is kept as it is; a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZMismatch {
    /// Name of the figure.
    pub figure: &'static str,
}

/// Compares a Z report with the fold of its shift's facts and with the report before.
///
/// # Errors
/// [`OutOfRange`] when the figures do not even add up within range.
pub fn verify_z(
    report: &ZReport,
    fold: &ShiftFold,
    previous: Carried,
) -> Result<Vec<ZMismatch>, OutOfRange> {
    // What was counted is the till's own word; everything else follows from the facts.
    let stated = ShiftFold::resume(report.totals.clone()).totals().clone();
    let ours = fold.totals();
    let perpetual = perpetual_after(previous.perpetual, ours)?;
    let over_short_adds_up = over_short_adds_up(&report.totals)?;
    let checks = [
        ("z_no", Some(report.z_no) == previous.z_no.checked_add(1)),
        ("shift", stated.shift == ours.shift && stated.opened_at_ms == ours.opened_at_ms),
        ("opening_float_minor", stated.opening_float_minor == ours.opening_float_minor),
        ("sales_minor", stated.sales_minor == ours.sales_minor),
        ("returns_minor", stated.returns_minor == ours.returns_minor),
        ("discounts_minor", stated.discounts_minor == ours.discounts_minor),
        ("rounding_minor", stated.rounding_minor == ours.rounding_minor),
        ("paid_in_minor", stated.paid_in_minor == ours.paid_in_minor),
        ("paid_out_minor", stated.paid_out_minor == ours.paid_out_minor),
        ("loaned_minor", stated.loaned_minor == ours.loaned_minor),
        ("dropped_minor", stated.dropped_minor == ours.dropped_minor),
        ("tenders", stated.tenders == ours.tenders),
        ("taxes", stated.taxes == ours.taxes),
        ("counts", stated.counts == ours.counts),
        ("numbers", stated.numbers == ours.numbers),
        ("perpetual", report.perpetual == perpetual),
        ("over_short_minor", over_short_adds_up),
    ];
    Ok(checks
        .into_iter()
        .filter(|(_, holds)| !holds)
        .map(|(figure, _)| ZMismatch { figure })
        .collect())
}

fn over_short_adds_up(totals: &ShiftTotals) -> Result<bool, OutOfRange> {
    for tender in &totals.tenders {
        let expected = match tender.counted_minor {
            Some(counted) => Some(counted.checked_sub(tender.expected_minor)?),
            None => None,
        };
        if tender.over_short_minor != expected {
            return Ok(false);
        }
    }
    Ok(true)
}
