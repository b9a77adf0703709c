//! Shifts: one fold over the facts of a shift gives the X and the Z report. The till uses it to write them, the
//! store to verify them, and both get the same figures from the same facts.

mod close;
mod fold;
mod verify;

pub use close::{Carried, Count, close, perpetual_after};
pub use fold::{ShiftFold, expected_cash};
pub use verify::{ZMismatch, verify_z};

use crate::amount::{Minor, OutOfRange};
use crate::document::TenderType;
use crate::entry::{CashMoved, Denominations, ShiftOpened};

/// Largest single cash movement, float or count, in minor units.
pub const CASH_MINOR_MAX: i64 = 1_000_000_000_000;

/// Longest reason of a cash movement, in characters.
pub const REASON_CHARS_MAX: usize = 200;

/// Why a shift could not be opened, moved on or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShiftError {
    /// A cash movement must be above zero.
    #[error("amount_minor must be above zero")]
    NotPositive,
    /// A float or count may not be below zero.
    #[error("{field} may not be below zero")]
    Negative {
        /// Which.
        field: &'static str,
    },
    /// Above [`CASH_MINOR_MAX`].
    #[error("{field} may not exceed {CASH_MINOR_MAX}")]
    TooLarge {
        /// Which.
        field: &'static str,
    },
    /// A reason is missing, or longer than [`REASON_CHARS_MAX`].
    #[error("reason must have 1 to {REASON_CHARS_MAX} characters")]
    Reason,
    /// Cash was not counted.
    #[error("cash must be counted to close a shift")]
    CashNotCounted,
    /// Something was counted of a tender that the shift never took.
    #[error("{tender_type:?} was counted but never taken in this shift")]
    NotTaken {
        /// Which.
        tender_type: TenderType,
    },
    /// The pieces do not add up to the amount.
    #[error("denominations add up to {sum_minor:?}, not to {stated_minor:?}")]
    Denominations {
        /// What they add up to.
        sum_minor: Minor,
        /// What was stated.
        stated_minor: Minor,
    },
    /// More is over or short than may be closed without approval.
    #[error("{over_short_minor:?} over or short needs approval, the limit is {limit_minor:?}")]
    NeedsApproval {
        /// The tender most off.
        over_short_minor: Minor,
        /// The limit.
        limit_minor: Minor,
    },
    /// A sum left its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

impl ShiftError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPositive => "cash.not_positive",
            Self::Negative { .. } => "cash.negative",
            Self::TooLarge { .. } => "cash.too_large",
            Self::Reason => "cash.reason",
            Self::CashNotCounted => "shift.cash_not_counted",
            Self::NotTaken { .. } => "shift.not_taken",
            Self::Denominations { .. } => "shift.denominations",
            Self::NeedsApproval { .. } => "shift.needs_approval",
            Self::OutOfRange(_) => "shift.out_of_range",
        }
    }
}

/// Checks a shift before it opens.
///
/// # Errors
/// [`ShiftError::Negative`], [`ShiftError::TooLarge`], [`ShiftError::Denominations`].
pub fn validate_opening(opened: &ShiftOpened) -> Result<(), ShiftError> {
    validate_holding("opening_float_minor", opened.opening_float_minor)?;
    validate_denominations(&opened.denominations, opened.opening_float_minor)
}

/// Checks a cash movement before it is written.
///
/// # Errors
/// [`ShiftError::NotPositive`], [`ShiftError::TooLarge`], [`ShiftError::Reason`].
pub fn validate_cash(moved: &CashMoved) -> Result<(), ShiftError> {
    if moved.amount_minor <= Minor::ZERO {
        return Err(ShiftError::NotPositive);
    }
    validate_holding("amount_minor", moved.amount_minor)?;
    let reason_chars = moved.reason.trim().chars().count();
    if (1..=REASON_CHARS_MAX).contains(&reason_chars) { Ok(()) } else { Err(ShiftError::Reason) }
}

fn validate_holding(field: &'static str, amount: Minor) -> Result<(), ShiftError> {
    if amount < Minor::ZERO {
        return Err(ShiftError::Negative { field });
    }
    if amount.0 > CASH_MINOR_MAX {
        return Err(ShiftError::TooLarge { field });
    }
    Ok(())
}

/// An empty table means that only the sum was counted.
fn validate_denominations(pieces: &Denominations, stated_minor: Minor) -> Result<(), ShiftError> {
    if pieces.is_empty() {
        return Ok(());
    }
    let sum_minor = pieces.iter().try_fold(Minor::ZERO, |sum, (face, count)| {
        if *face <= 0 || *count < 0 {
            return Err(ShiftError::Negative { field: "denominations" });
        }
        let value = face.checked_mul(*count).ok_or(OutOfRange)?;
        Ok(sum.checked_add(Minor(value))?)
    })?;
    if sum_minor == stated_minor {
        Ok(())
    } else {
        Err(ShiftError::Denominations { sum_minor, stated_minor })
    }
}

#[cfg(test)]
mod tests;
