//! Amounts and quantities as the demo writes them.

use daybook_domain::amount::{Currency, Minor};
use daybook_domain::format::{Grouping, amount};

/// An amount for a person: `₹ 1,23,456.00` in rupees, `$ 123,456.00` in dollars, the code elsewhere.
#[must_use]
pub fn money(currency: Currency, minor: i64) -> String {
    let symbol = match currency.code() {
        "INR" => "₹",
        "USD" => "$",
        other => other,
    };
    let text = amount(Minor(minor), currency, Grouping::of(currency));
    match text.strip_prefix('-') {
        Some(unsigned) => format!("−{symbol} {unsigned}"),
        None => format!("{symbol} {text}"),
    }
}

/// Minor units as the command line takes them, with the decimals of the currency.
#[must_use]
pub fn major(currency: Currency, minor: i64) -> String {
    Minor(minor).to_decimal(currency)
}

/// So many major units, in minor ones.
#[must_use]
pub fn whole(currency: Currency, major: i64) -> i64 {
    major * 10_i64.pow(currency.exponent())
}

/// Thousandths for a person.
#[must_use]
pub fn units(milli: i64) -> String {
    let sign = if milli < 0 { "−" } else { "" };
    let (whole, part) = (milli.abs() / 1_000, milli.abs() % 1_000);
    if part == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part:03}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::try_from(code.to_owned()).unwrap()
    }

    #[test]
    fn money_is_grouped_as_its_country_does() {
        assert_eq!(money(Currency::INR, 12_345_678), "₹ 1,23,456.78");
        assert_eq!(money(Currency::USD, -123_456_700), "−$ 1,234,567.00");
        assert_eq!(money(Currency::INR, 99), "₹ 0.99");
    }

    #[test]
    fn a_currency_keeps_its_own_decimals() {
        assert_eq!(money(currency("JPY"), 1_234), "JPY 1,234");
        assert_eq!(money(currency("KWD"), 1_234), "KWD 1.234");
        assert_eq!(major(currency("JPY"), -1_234), "-1234");
        assert_eq!(major(currency("KWD"), 5), "0.005");
        assert_eq!([whole(currency("JPY"), 10), whole(currency("KWD"), 10)], [10, 10_000]);
    }
}
