//! Stocktakes: the count is a fact of the till, the adjustment is the store's.
//!
//! Variance is counted less expected at the moment of counting, and absorbs nothing else. Whatever left the shelf before
//! the count but was unknown to the counting till stands in both, the count and its own entry: the store
//! takes it out again with a correction linked to that entry. Where the clocks cannot tell before from after,
//! a person decides.

use crate::amount::{OutOfRange, Quantity};
use crate::entry::CountLine;
use crate::reconcile::EntryRef;

/// A movement at the location that the counting till did not know of when it counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateMovement {
    /// The entry behind it.
    pub entry: EntryRef,
    /// When it happened by its till's clock, UTC milliseconds.
    pub at_ms: i64,
    /// Signed, thousandths.
    pub quantity_milli: Quantity,
}

/// Where a movement lies relative to a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Before: the counter no longer saw the goods (or already saw them).
    Before,
    /// After: the count does not contain it.
    After,
    /// Within the error of the clocks.
    Undecided,
}

/// What the store does with a late movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateOutcome {
    /// The count contains it already: post this correction, linked to its entry.
    Correct {
        /// Signed, thousandths: the movement with the other sign.
        quantity_milli: Quantity,
    },
    /// It happened after the count: nothing to correct.
    Leave,
    /// A person decides; until then nothing is corrected.
    AskPerson,
}

/// Counted less expected at that moment, signed: what the store adjusts by.
///
/// # Errors
/// [`OutOfRange`].
pub fn variance(line: &CountLine) -> Result<Quantity, OutOfRange> {
    line.counted_milli.checked_sub(line.expected_milli)
}

/// Places a movement by the two clocks, each of which may be wrong by `clock_error_ms`.
#[must_use]
pub fn place(at_ms: i64, counted_at_ms: i64, clock_error_ms: i64) -> Placement {
    let apart = at_ms.abs_diff(counted_at_ms);
    if apart <= clock_error_ms.max(0).unsigned_abs().saturating_mul(2) {
        Placement::Undecided
    } else if at_ms < counted_at_ms {
        Placement::Before
    } else {
        Placement::After
    }
}

/// Decides on a movement of another till that the counting till did not know of. The counting till's own
/// movements are never late: its journal orders them exactly, and its expectation contains them.
///
/// # Errors
/// [`OutOfRange`].
pub fn late_outcome(
    line: &CountLine,
    late: &LateMovement,
    clock_error_ms: i64,
) -> Result<LateOutcome, OutOfRange> {
    Ok(match place(late.at_ms, line.at_ms, clock_error_ms) {
        Placement::Before => {
            LateOutcome::Correct { quantity_milli: late.quantity_milli.checked_neg()? }
        }
        Placement::After => LateOutcome::Leave,
        Placement::Undecided => LateOutcome::AskPerson,
    })
}

#[cfg(test)]
mod tests;
