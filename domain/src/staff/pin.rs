//! PINs: which are good enough, and how long wrong ones lock.

use std::ops::RangeInclusive;

/// Allowed number of digits.
pub const PIN_DIGITS: RangeInclusive<usize> = 4..=8;

/// Wrong PINs in a row before the first lock.
pub const FAILURES_MAX: u32 = 5;

const FIRST_LOCK_MS: i64 = 5 * 60_000;
const LONGEST_LOCK_MS: i64 = 12 * 3_600_000;

/// Why a new PIN was refused. The PIN itself is never part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Too short or too long.
    #[error("pin must have 4 to 8 digits")]
    Length,
    /// Something else than 0 to 9.
    #[error("pin may hold only the digits 0 to 9")]
    NotDigits,
    /// One digit repeated, a run up or down, or one pair repeated.
    #[error("pin is too easy to guess")]
    Trivial,
}

impl PinError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length => "pin.length",
            Self::NotDigits => "pin.not_digits",
            Self::Trivial => "pin.trivial",
        }
    }
}

/// Checks a new PIN.
///
/// # Errors
/// [`PinError`].
pub fn validate_pin(pin: &str) -> Result<(), PinError> {
    if !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PinError::NotDigits);
    }
    if !PIN_DIGITS.contains(&pin.len()) {
        return Err(PinError::Length);
    }
    if is_trivial(pin.as_bytes()) { Err(PinError::Trivial) } else { Ok(()) }
}

fn is_trivial(digits: &[u8]) -> bool {
    let run = |step: i16| {
        digits.windows(2).all(|pair| {
            // 9 and 0 are neighbours on a number pad's row.
            (i16::from(pair[1]) - i16::from(pair[0]) - step).rem_euclid(10) == 0
        })
    };
    let one_pair_repeated =
        digits.len().is_multiple_of(2) && digits.chunks(2).all(|pair| pair == &digits[..2]);
    run(0) || run(1) || run(-1) || one_pair_repeated
}

/// How long a number of wrong PINs in a row locks: nothing before the fifth, then 5 minutes, doubled by every
/// further one, at most 12 hours.
#[must_use]
pub fn lock_ms(failures: u32) -> i64 {
    match failures.checked_sub(FAILURES_MAX) {
        None => 0,
        Some(further) => {
            let doubled = 1_i64.checked_shl(further.min(16)).unwrap_or(i64::MAX);
            FIRST_LOCK_MS.saturating_mul(doubled).min(LONGEST_LOCK_MS)
        }
    }
}

/// How long a person is still locked out; 0 when they may try. `elapsed_ms` is the time since the last wrong
/// PIN that has passed for certain ([`Moment::at_least_since`](crate::clock::Moment::at_least_since)), so that
/// turning the wall clock shortens nothing.
#[must_use]
pub fn locked_for_ms(failures: u32, elapsed_ms: i64) -> i64 {
    lock_ms(failures).saturating_sub(elapsed_ms.max(0)).max(0)
}
