//! Time at a till whose clock may be wrong: what a jump means, and which day it is.
//!
//! A till never refuses to sell because of its clock. It orders by sequence, records both clocks, states jumps
//! as facts (`clock.jumped`), and asks a manager when the wall clock is a day or more off.

use crate::entry::ClockJumped;
use crate::number::{FiscalYear, NumberError};
use chrono::{DateTime, Duration};
use uuid::Uuid;

/// Differences up to this are ordinary corrections and not worth a fact.
pub const TOLERANCE_MS: i64 = 10_000;

/// A jump above this asks a manager: 24 hours.
pub const MANAGER_ABOVE_MS: i64 = 24 * 3_600_000;

/// How far the wall clock may have moved on while the machine was off before a manager is asked: 31 days.
pub const OFF_MS_MAX: i64 = 31 * 24 * 3_600_000;

/// One moment on both clocks of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Wall clock, UTC milliseconds.
    pub at_ms: i64,
    /// Monotonic clock since boot, running through suspend, milliseconds.
    pub mono_ms: i64,
    /// Boot: monotonic times compare only within one.
    pub boot: Uuid,
}

impl Moment {
    /// Milliseconds from `earlier` to here by the monotonic clock; `None` when the machine was started in
    /// between, or the order is impossible.
    #[must_use]
    pub fn since(&self, earlier: Self) -> Option<i64> {
        let elapsed = self.mono_ms.checked_sub(earlier.mono_ms)?;
        (self.boot == earlier.boot && elapsed >= 0).then_some(elapsed)
    }

    /// A time that has passed for certain since `earlier`, whatever was done to the wall clock: by the monotonic
    /// clock, or after a restart the time since that restart.
    #[must_use]
    pub fn at_least_since(&self, earlier: Self) -> i64 {
        if self.boot == earlier.boot {
            self.since(earlier).unwrap_or(0)
        } else {
            self.mono_ms.max(0)
        }
    }
}

/// What the clocks say, compared with the last recorded moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockVerdict {
    /// As expected.
    Steady,
    /// The wall clock jumped: state it as a fact and go on.
    Jumped(ClockJumped),
    /// It jumped so far that a manager must confirm date and time before the next shift opens. Selling in an
    /// open shift goes on, in its business day and fiscal year.
    AskManager(ClockJumped),
}

/// Compares the clocks with the last recorded moment.
#[must_use]
pub fn check(last: Moment, now: Moment) -> ClockVerdict {
    let (expected_ms, ask_above_ms) = match now.since(last) {
        Some(elapsed) => (last.at_ms.saturating_add(elapsed), MANAGER_ABOVE_MS),
        // After a restart nobody knows how long the machine was off, only that time did not go back.
        None if now.at_ms >= last.at_ms => {
            let off_ms = now.at_ms.saturating_sub(last.at_ms);
            let expected = if off_ms > OFF_MS_MAX { last.at_ms } else { now.at_ms };
            (expected, OFF_MS_MAX)
        }
        None => (last.at_ms, MANAGER_ABOVE_MS),
    };
    let off_by = now.at_ms.abs_diff(expected_ms);
    let jumped = ClockJumped { expected_ms, found_ms: now.at_ms };
    if off_by <= TOLERANCE_MS.unsigned_abs() {
        ClockVerdict::Steady
    } else if off_by > ask_above_ms.unsigned_abs() {
        ClockVerdict::AskManager(jumped)
    } else {
        ClockVerdict::Jumped(jumped)
    }
}

/// Why a day could not be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DayError {
    /// The moment lies outside the calendar.
    #[error("the moment lies outside the calendar")]
    OutOfCalendar,
    /// There is no such fiscal year.
    #[error(transparent)]
    FiscalYear(#[from] NumberError),
}

/// Business day and fiscal year of a shift, fixed when it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftDay {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// `26-27`; `26` where the fiscal year is the calendar year.
    pub fiscal_year: String,
}

/// The local day of a moment, and the fiscal year it falls in.
///
/// # Errors
/// [`DayError`].
pub fn shift_day(at_ms: i64, offset_min: i32, first_month: u8) -> Result<ShiftDay, DayError> {
    let local = DateTime::from_timestamp_millis(at_ms)
        .and_then(|utc| utc.checked_add_signed(Duration::minutes(offset_min.into())))
        .ok_or(DayError::OutOfCalendar)?;
    let day = local.date_naive().format("%Y-%m-%d").to_string();
    let fiscal_year = FiscalYear::of(&day, first_month)?.label();
    Ok(ShiftDay { day, fiscal_year })
}

#[cfg(test)]
mod tests;
