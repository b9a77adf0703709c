//! The one place where a fraction becomes a whole number: half-up, symmetric.
//!
//! ```
//! use daybook_domain::amount::Minor;
//! use daybook_domain::rounding::{CashRounding, div_half_up};
//! assert_eq!(div_half_up(5, 2), 3);
//! assert_eq!(div_half_up(-5, 2), -3);
//! let rupee = CashRounding::to(Minor(100));
//! assert_eq!(rupee.apply(Minor(117_950)).unwrap(), Minor(118_000));
//! ```

use crate::amount::{Minor, OutOfRange};
use serde::{Deserialize, Serialize};

/// Divides and rounds half away from zero, so that `round(−x) = −round(x)`.
///
/// # Panics
/// When the denominator is not positive: a programming error, never data.
#[must_use]
pub fn div_half_up(numerator: i128, denominator: i128) -> i128 {
    assert!(denominator > 0, "a denominator is a positive constant or a checked sum");
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    if rest.unsigned_abs() * 2 >= denominator.unsigned_abs() {
        whole + numerator.signum()
    } else {
        whole
    }
}

/// `value × numerator ÷ denominator`, rounded half-up once.
///
/// # Errors
/// [`OutOfRange`] when the result does not fit.
pub fn scale(value: i64, numerator: i64, denominator: i64) -> Result<i64, OutOfRange> {
    let exact = i128::from(value) * i128::from(numerator);
    i64::try_from(div_half_up(exact, i128::from(denominator))).map_err(|_| OutOfRange)
}

/// Where an amount exactly between two multiples goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// Away from zero.
    #[default]
    HalfUp,
    /// To the customer's side: a sale down, what goes back up.
    FavourCustomer,
}

/// How an amount due in cash is rounded: to the rupee in India, to 5 cents in Switzerland. Never applied to
/// lines, tax, cards or UPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CashRounding {
    /// The smallest amount that can be paid in cash; 1 or less for exact.
    pub multiple_minor: Minor,
    /// What happens in the middle.
    #[serde(default)]
    pub tie: Tie,
}

impl CashRounding {
    /// Cash pays exactly.
    pub const EXACT: Self = Self { multiple_minor: Minor(1), tie: Tie::HalfUp };

    /// Rounds to a multiple, half-up.
    #[must_use]
    pub const fn to(multiple_minor: Minor) -> Self {
        Self { multiple_minor, tie: Tie::HalfUp }
    }

    /// Rounds what the customer owes; below zero it is what the customer is owed.
    ///
    /// # Errors
    /// [`OutOfRange`] when the rounded amount does not fit.
    pub fn apply(self, amount: Minor) -> Result<Minor, OutOfRange> {
        let multiple = i128::from(self.multiple_minor.0);
        if multiple <= 1 {
            return Ok(amount);
        }
        let exact = i128::from(amount.0);
        let in_the_middle = exact.rem_euclid(multiple) * 2 == multiple;
        let steps = match self.tie {
            Tie::FavourCustomer if in_the_middle => exact.div_euclid(multiple),
            Tie::FavourCustomer | Tie::HalfUp => div_half_up(exact, multiple),
        };
        i64::try_from(steps * multiple).map(Minor).map_err(|_| OutOfRange)
    }

    /// The largest payable cash amount not above this one (towards zero).
    #[must_use]
    pub fn towards_zero(self, amount: Minor) -> Minor {
        let multiple = self.multiple_minor.0;
        if multiple <= 1 { amount } else { Minor(amount.0 / multiple * multiple) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rounded(amount: i64, multiple: i64) -> i64 {
        CashRounding::to(Minor(multiple)).apply(Minor(amount)).unwrap().0
    }

    #[test]
    fn totals_round_to_the_rupee_half_up_and_mirrored() {
        for (exact, expected) in
            [(117_950, 118_000), (118_049, 118_000), (118_050, 118_100), (49, 0), (50, 100)]
        {
            assert_eq!(rounded(exact, 100), expected);
            assert_eq!(rounded(-exact, 100), -expected);
        }
    }

    #[test]
    fn swiss_cash_rounds_to_five_rappen() {
        for (exact, expected) in
            [(99_999, 100_000), (1002, 1000), (1003, 1005), (1696, 1695), (1698, 1700)]
        {
            assert_eq!(rounded(exact, 5), expected);
        }
    }

    #[test]
    fn other_countries_are_other_multiples() {
        assert_eq!(rounded(1249, 100), 1200, "Sweden, 1.00");
        assert_eq!(rounded(1245, 10), 1250, "New Zealand, 0.10");
        assert_eq!(rounded(1225, 50), 1250, "Denmark, 0.50, tie up");
        assert_eq!(rounded(1224, 50), 1200, "Denmark, 0.50");
        assert_eq!(rounded(1234, 1), 1234, "exact");
        assert_eq!(rounded(1234, 0), 1234, "no multiple is exact");
    }

    #[test]
    fn a_tie_can_favour_the_customer() {
        let kind = CashRounding { multiple_minor: Minor(10), tie: Tie::FavourCustomer };
        assert_eq!(kind.apply(Minor(125)).unwrap(), Minor(120));
        assert_eq!(kind.apply(Minor(126)).unwrap(), Minor(130));
        assert_eq!(kind.apply(Minor(-125)).unwrap(), Minor(-130));
        assert_eq!(kind.apply(Minor(-124)).unwrap(), Minor(-120));
    }

    #[test]
    fn an_overflowing_multiple_is_an_error() {
        assert_eq!(CashRounding::to(Minor(1000)).apply(Minor(i64::MAX)), Err(OutOfRange));
    }

    proptest! {
        #[test]
        fn rounding_is_symmetric(value in any::<i64>(), by in 1..=i64::MAX) {
            let (value, by) = (i128::from(value), i128::from(by));
            prop_assert_eq!(div_half_up(-value, by), -div_half_up(value, by));
        }

        #[test]
        fn rounding_moves_by_at_most_a_half(value in any::<i64>(), by in 1..=i64::MAX) {
            let (value, by) = (i128::from(value), i128::from(by));
            prop_assert!((div_half_up(value, by) * by - value).abs() * 2 <= by);
        }
    }
}
