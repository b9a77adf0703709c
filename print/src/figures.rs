//! Amounts, quantities, rates and moments as they stand on paper.

use crate::PrintError;
use chrono::{DateTime, FixedOffset, NaiveDate};
use daybook_domain::amount::{Currency, Minor, Quantity, RatePpm, UnitPrice, Uom};
use daybook_domain::format::Grouping;

/// The minus sign: as wide as a figure.
const MINUS: char = '\u{2212}';

/// An amount without its currency, e.g. `1,00,000.00` in rupees, `100,000.00` elsewhere.
pub(crate) fn money(amount: Minor, currency: Currency) -> String {
    scaled(amount.0, currency.exponent(), currency.exponent(), currency)
}

/// An amount with its currency sign, or its code where it has no sign of its own.
pub(crate) fn money_signed(amount: Minor, currency: Currency) -> String {
    let figures = money(amount, currency);
    let (minus, figures) = match figures.strip_prefix(MINUS) {
        Some(rest) => (MINUS.to_string(), rest),
        None => (String::new(), figures.as_str()),
    };
    let sign = currency_sign(currency);
    let gap = if sign.len() == 3 && sign.is_ascii() { "\u{A0}" } else { "" };
    format!("{minus}{sign}{gap}{figures}")
}

/// The sign of a currency, or its code.
pub(crate) fn currency_sign(currency: Currency) -> String {
    match currency.code() {
        "INR" => "₹".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "USD" => "$".to_owned(),
        "JPY" => "¥".to_owned(),
        code => code.to_owned(),
    }
}

/// Price of one unit: as many decimals as it has, at least those of the currency.
pub(crate) fn unit_price(price: UnitPrice, currency: Currency) -> String {
    scaled(price.0, 6, currency.exponent().min(6), currency)
}

/// A quantity, without superfluous zeros.
pub(crate) fn quantity(quantity: Quantity, currency: Currency) -> String {
    scaled(quantity.0, 3, 0, currency)
}

/// A rate in percent, e.g. `2.5%`.
pub(crate) fn rate(rate: RatePpm) -> String {
    let mut text = String::new();
    if rate.0 < 0 {
        text.push(MINUS);
    }
    let (whole, part) = split(rate.0, 4);
    text.push_str(&whole);
    push_decimals(&mut text, &part, 0);
    text.push('%');
    text
}

/// Unit as printed: the GST portal's quantity code in India, else the common symbol.
pub(crate) fn unit(uom: Uom, jurisdiction: &str) -> &'static str {
    match (jurisdiction, uom) {
        ("IN", Uom::Each) => "NOS",
        ("IN", Uom::Kg) => "KGS",
        ("IN", Uom::Litre) => "LTR",
        ("IN", Uom::Metre) => "MTR",
        ("IN", Uom::Gallon) => "UGS",
        (_, Uom::Each) => "pc",
        (_, Uom::Kg) => "kg",
        (_, Uom::Litre) => "l",
        (_, Uom::Metre) => "m",
        (_, Uom::Gallon) => "gal",
    }
}

/// Day and minute at the shop, e.g. `22 Nov 2026, 14:05`.
///
/// # Errors
/// [`PrintError::Moment`] for a moment outside the calendar.
pub(crate) fn moment(at_ms: i64, offset_min: i32) -> Result<String, PrintError> {
    Ok(local(at_ms, offset_min)?.format("%-d %b %Y, %H:%M").to_string())
}

/// The shop's date of a moment as `YYYY-MM-DD`.
///
/// # Errors
/// [`PrintError::Moment`] for a moment outside the calendar.
pub(crate) fn local_day(at_ms: i64, offset_min: i32) -> Result<String, PrintError> {
    Ok(local(at_ms, offset_min)?.format("%Y-%m-%d").to_string())
}

/// A day `YYYY-MM-DD` as printed; any other text as it is.
pub(crate) fn day(text: &str) -> String {
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) => day.format("%-d %b %Y").to_string(),
        Err(_) => text.to_owned(),
    }
}

fn local(at_ms: i64, offset_min: i32) -> Result<DateTime<FixedOffset>, PrintError> {
    let bad = PrintError::Moment(at_ms);
    let utc = DateTime::from_timestamp_millis(at_ms);
    let zone = offset_min.checked_mul(60).and_then(FixedOffset::east_opt);
    match (utc, zone) {
        (Some(utc), Some(zone)) => {
            utc.naive_utc().checked_add_offset(zone).map(|_| utc.with_timezone(&zone)).ok_or(bad)
        }
        _ => Err(bad),
    }
}

/// Groups the digits and cuts zeros after `least` decimals.
fn scaled(value: i64, decimals: u32, least: u32, currency: Currency) -> String {
    let (whole, part) = split(value, decimals);
    let mut text = String::new();
    if value < 0 {
        text.push(MINUS);
    }
    text.push_str(&grouped(&whole, Grouping::of(currency)));
    push_decimals(&mut text, &part, least);
    text
}

/// Digits before and after the decimal point.
fn split(value: i64, decimals: u32) -> (String, String) {
    let scale = 10_u64.saturating_pow(decimals);
    let size = value.unsigned_abs();
    let width = usize::try_from(decimals).unwrap_or(0);
    let part = if width == 0 { String::new() } else { format!("{:0width$}", size % scale) };
    ((size / scale).to_string(), part)
}

fn push_decimals(text: &mut String, part: &str, least: u32) {
    let least = usize::try_from(least).unwrap_or(0);
    let needed = part.trim_end_matches('0').len().max(least.min(part.len()));
    if needed > 0 {
        text.push('.');
        text.push_str(part.get(..needed).unwrap_or(part));
    }
}

/// Commas: by threes, or in India the last three and then by twos.
fn grouped(digits: &str, grouping: Grouping) -> String {
    let (count, indian) = (digits.len(), grouping == Grouping::Indian);
    let mut text = String::with_capacity(count + count / 2);
    for (at, digit) in digits.chars().enumerate() {
        let left = count - at;
        let boundary = match left {
            3 => true,
            _ if indian => left > 3 && left % 2 == 1,
            _ => left.is_multiple_of(3),
        };
        if at > 0 && boundary {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPY: &str = "JPY";

    fn currency(code: &str) -> Currency {
        Currency::try_from(code.to_owned()).unwrap()
    }

    #[test]
    fn rupees_group_by_lakh_and_crore() {
        assert_eq!(money(Minor(10_000_000), Currency::INR), "1,00,000.00");
        assert_eq!(money(Minor(123_456_789_012), Currency::INR), "1,23,45,67,890.12");
        assert_eq!(money(Minor(99_999), Currency::INR), "999.99");
        assert_eq!(money(Minor(-40), Currency::INR), "−0.40");
        assert_eq!(money_signed(Minor(-118_050), Currency::INR), "−₹1,180.50");
    }

    #[test]
    fn other_currencies_group_by_thousands_and_have_their_own_decimals() {
        assert_eq!(money(Minor(10_000_000), Currency::USD), "100,000.00");
        assert_eq!(money(Minor(1_234_567), currency(JPY)), "1,234,567");
        assert_eq!(money(Minor(1_234_567), currency("KWD")), "1,234.567");
        assert_eq!(money_signed(Minor(500), currency("AED")), "AED\u{A0}5.00");
    }

    #[test]
    fn the_smallest_amount_prints() {
        assert_eq!(money(Minor(i64::MIN), Currency::USD), "−92,233,720,368,547,758.08");
    }

    #[test]
    fn unit_prices_show_what_they_have() {
        assert_eq!(unit_price(UnitPrice(49_500_000), Currency::INR), "49.50");
        assert_eq!(unit_price(UnitPrice(2_299_000), Currency::USD), "2.299");
        assert_eq!(unit_price(UnitPrice(120_000_000), currency(JPY)), "120");
    }

    #[test]
    fn quantities_and_rates_drop_zeros() {
        assert_eq!(quantity(Quantity(1000), Currency::INR), "1");
        assert_eq!(quantity(Quantity(-1250), Currency::INR), "−1.25");
        assert_eq!(rate(RatePpm(180_000)), "18%");
        assert_eq!(rate(RatePpm(25_000)), "2.5%");
        assert_eq!(rate(RatePpm(1)), "0.0001%");
    }

    #[test]
    fn the_moment_is_the_shops() {
        assert_eq!(moment(1_795_317_000_000, 330).unwrap(), "22 Nov 2026, 08:40");
        assert!(moment(i64::MAX, 0).is_err());
        assert!(moment(0, i32::MAX).is_err());
    }
}
