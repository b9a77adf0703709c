//! Numbers for people: digits grouped as the country does it.
//!
//! ```
//! use daybook_domain::amount::{Currency, Minor};
//! use daybook_domain::format::{Grouping, amount};
//! let total = Minor(1_234_567_890);
//! assert_eq!(amount(total, Currency::INR, Grouping::Indian), "1,23,45,678.90");
//! assert_eq!(amount(total, Currency::USD, Grouping::International), "12,345,678.90");
//! ```

use crate::amount::{Currency, Minor};
use serde::{Deserialize, Serialize};

/// Where the commas go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// Thousands, then hundreds: 1,00,00,000.
    Indian,
    /// Thousands: 10,000,000.
    #[default]
    International,
}

impl Grouping {
    /// What people expect with this currency.
    #[must_use]
    pub fn of(currency: Currency) -> Self {
        match currency.code() {
            "INR" | "PKR" | "BDT" | "NPR" | "LKR" => Self::Indian,
            _ => Self::International,
        }
    }
}

/// An amount in major units with grouped digits, without a currency sign.
#[must_use]
pub fn amount(value: Minor, currency: Currency, grouping: Grouping) -> String {
    let plain = value.to_decimal(currency);
    let (sign, unsigned) = match plain.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", plain.as_str()),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (unsigned, String::new()),
    };
    format!("{sign}{}{fraction}", grouped(whole, grouping))
}

fn grouped(digits: &str, grouping: Grouping) -> String {
    let size = match grouping {
        Grouping::Indian => 2,
        Grouping::International => 3,
    };
    let mut text = String::with_capacity(digits.len() + digits.len() / 2);
    for (index, digit) in digits.chars().enumerate() {
        let after = digits.len() - index;
        if index > 0 && after >= 3 && (after - 3).is_multiple_of(size) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indian_digits_group_by_lakh_and_crore() {
        for (minor, text) in [
            (0, "0.00"),
            (5, "0.05"),
            (99_900, "999.00"),
            (100_000, "1,000.00"),
            (10_000_000, "1,00,000.00"),
            (100_000_000, "10,00,000.00"),
            (-1_000_000_000, "-1,00,00,000.00"),
        ] {
            assert_eq!(amount(Minor(minor), Currency::INR, Grouping::Indian), text);
        }
    }

    #[test]
    fn a_currency_without_fraction_has_no_point() {
        let yen = Currency::try_from("JPY".to_owned()).unwrap();
        assert_eq!(amount(Minor(1_234_567), yen, Grouping::International), "1,234,567");
    }

    #[test]
    fn the_ends_of_the_range_are_written_too() {
        let text = amount(Minor(i64::MIN), Currency::USD, Grouping::International);
        assert_eq!(text, "-92,233,720,368,547,758.08");
    }
}
