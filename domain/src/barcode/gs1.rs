//! GS1 element strings (GS1-128, DataMatrix, DataBar, QR): the application identifiers a shop meets.

use crate::amount::{Currency, Minor, Quantity};
use crate::gtin::{Gtin, GtinError};
use chrono::{Datelike, Days, Months, NaiveDate};

/// FNC1 as scanners send it: ASCII 29.
pub const SEPARATOR: char = '\u{1d}';

/// What the elements of one scan say; the last one counts where an identifier is repeated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elements {
    /// 01 (or 02, content of a case): product number.
    pub gtin: Option<Gtin>,
    /// 10: batch or lot.
    pub batch: Option<String>,
    /// 17: last day of use.
    pub expires_on: Option<NaiveDate>,
    /// 21: serial number.
    pub serial: Option<String>,
    /// 30 or 37: pieces.
    pub count: Option<i64>,
    /// 310n: net weight in thousandths of a kilogram.
    pub weight_milli: Option<Quantity>,
    /// 392n and 393n: price of the pack in minor units.
    pub price_minor: Option<Minor>,
    /// 393n: currency of the price, ISO 4217 number.
    pub price_currency: Option<u16>,
}

/// Why a scan is no element string.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElementError {
    /// An identifier that this till does not read.
    #[error("unknown GS1 application identifier at {0:?}")]
    Unknown(String),
    /// The value is too short, too long or not numeric.
    #[error("the value of GS1 application identifier {ai} is wrong")]
    Value {
        /// The identifier.
        ai: String,
    },
    /// The product number is wrong.
    #[error(transparent)]
    Gtin(#[from] GtinError),
}

impl ElementError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "gs1.unknown_identifier",
            Self::Value { .. } => "gs1.value",
            Self::Gtin(error) => error.code(),
        }
    }
}

/// Length of an identifier's value: fixed, or up to a separator.
enum Size {
    Fixed(usize),
    UpTo(usize),
}

/// Reads an element string. Symbology prefixes (`]C1`, `]d2`, `]Q3`, `]e0`) are dropped. `separator` is what the
/// scanner sends for FNC1 ([`SEPARATOR`] unless it remaps it); `currency` gives the scale of prices.
///
/// # Errors
/// [`ElementError`]: nothing is guessed when one element cannot be read.
pub fn elements(scan: &str, separator: char, currency: Currency) -> Result<Elements, ElementError> {
    let mut rest = ["]C1", "]d2", "]Q3", "]e0"]
        .iter()
        .find_map(|prefix| scan.strip_prefix(prefix))
        .unwrap_or(scan)
        .trim_start_matches(separator);
    let mut found = Elements::default();
    while !rest.is_empty() {
        let (ai, size) = identifier(rest)?;
        let wrong = || ElementError::Value { ai: ai.to_owned() };
        let body = &rest[ai.len()..];
        let value = match size {
            Size::Fixed(length) => body.get(..length).ok_or_else(wrong)?,
            Size::UpTo(length) => {
                let value = body.split(separator).next().unwrap_or_default();
                if value.is_empty() || value.len() > length {
                    return Err(wrong());
                }
                value
            }
        };
        store(&mut found, ai, value, currency)?;
        rest = body[value.len()..].trim_start_matches(separator);
    }
    Ok(found)
}

fn identifier(text: &str) -> Result<(&str, Size), ElementError> {
    let unknown = || ElementError::Unknown(text.chars().take(4).collect());
    let two = text.get(..2).ok_or_else(unknown)?;
    match two {
        "01" | "02" => Ok((two, Size::Fixed(14))),
        "11" | "13" | "15" | "17" => Ok((two, Size::Fixed(6))),
        "10" | "21" => Ok((two, Size::UpTo(20))),
        "30" | "37" => Ok((two, Size::UpTo(8))),
        _ => {
            let four = text.get(..4).ok_or_else(unknown)?;
            match four.as_bytes() {
                [b'3', b'1', b'0', b'0'..=b'5'] => Ok((four, Size::Fixed(6))),
                [b'3', b'9', b'2', b'0'..=b'9'] => Ok((four, Size::UpTo(15))),
                [b'3', b'9', b'3', b'0'..=b'9'] => Ok((four, Size::UpTo(18))),
                _ => Err(unknown()),
            }
        }
    }
}

fn store(
    found: &mut Elements,
    ai: &str,
    value: &str,
    currency: Currency,
) -> Result<(), ElementError> {
    let wrong = || ElementError::Value { ai: ai.to_owned() };
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse::<i64>().map_err(|_| wrong()),
        false => Err(wrong()),
    };
    let decimals = || ai[3..].parse::<u32>().map_err(|_| wrong());
    match ai {
        "01" | "02" => found.gtin = Some(Gtin::parse(value)?),
        "10" => found.batch = Some(value.to_owned()),
        "17" => found.expires_on = Some(date(value).ok_or_else(wrong)?),
        "11" | "13" | "15" => drop(date(value).ok_or_else(wrong)?),
        "21" => found.serial = Some(value.to_owned()),
        "30" | "37" => found.count = Some(number(value)?),
        _ if ai.starts_with("310") => {
            let milli = rescale(number(value)?, decimals()?, 3).ok_or_else(wrong)?;
            found.weight_milli = Some(Quantity(milli));
        }
        _ => {
            let code_length = if ai.starts_with("393") { 3 } else { 0 };
            let (code, price) = value.split_at_checked(code_length).ok_or_else(wrong)?;
            if !code.is_empty() {
                let code = u16::try_from(number(code)?).map_err(|_| wrong())?;
                found.price_currency = Some(code);
            }
            let minor = rescale(number(price)?, decimals()?, currency.exponent());
            found.price_minor = Some(Minor(minor.ok_or_else(wrong)?));
        }
    }
    Ok(())
}

/// Changes the number of decimals; nothing where a digit would be lost.
fn rescale(value: i64, from: u32, to: u32) -> Option<i64> {
    if from <= to {
        return value.checked_mul(10_i64.checked_pow(to - from)?);
    }
    let divisor = 10_i64.checked_pow(from - to)?;
    (value % divisor == 0).then_some(value / divisor)
}

/// YYMMDD; day 00 is the last of the month. Years 00–50 are of this century, 51–99 of the last (the
/// specification's sliding window as it stands until 2050 would need today's date).
fn date(text: &str) -> Option<NaiveDate> {
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (short, month, day) = (part(0..2)?, part(2..4)?, part(4..6)?);
    let year = i32::try_from(if short <= 50 { 2000 + short } else { 1900 + short }).ok()?;
    if day > 0 {
        return NaiveDate::from_ymd_opt(year, month, day);
    }
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    let last = first.checked_add_months(Months::new(1))?.checked_sub_days(Days::new(1))?;
    (last.month() == month).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(scan: &str) -> Result<Elements, ElementError> {
        elements(scan, SEPARATOR, Currency::EUR)
    }

    #[test]
    fn product_batch_expiry_and_serial_are_read() {
        let found = read("]d2010890400021003717261231\u{1d}10LOT-7\u{1d}21S99").unwrap();
        assert_eq!(found.gtin.unwrap().as_str(), "08904000210037");
        assert_eq!(found.expires_on, NaiveDate::from_ymd_opt(2026, 12, 31));
        assert_eq!(found.batch.as_deref(), Some("LOT-7"));
        assert_eq!(found.serial.as_deref(), Some("S99"));
    }

    #[test]
    fn day_zero_is_the_last_of_the_month() {
        let found = read("17280200").unwrap();
        assert_eq!(found.expires_on, NaiveDate::from_ymd_opt(2028, 2, 29));
        assert!(read("17281300").is_err());
    }

    #[test]
    fn weight_and_price_follow_their_decimals() {
        let found = read("310300125039229950").unwrap();
        assert_eq!(found.weight_milli, Some(Quantity(1250)));
        assert_eq!(found.price_minor, Some(Minor(9950)));
        let found = read("39329781234").unwrap();
        assert_eq!((found.price_minor, found.price_currency), (Some(Minor(1234)), Some(978)));
        assert_eq!(read("3105000001"), Err(ElementError::Value { ai: "3105".into() }));
    }

    #[test]
    fn a_scanner_may_send_another_separator() {
        let found = elements("10AB~21CD", '~', Currency::EUR).unwrap();
        assert_eq!((found.batch.as_deref(), found.serial.as_deref()), (Some("AB"), Some("CD")));
    }

    #[test]
    fn what_cannot_be_read_is_refused_whole() {
        assert!(matches!(read("9912"), Err(ElementError::Unknown(_))));
        assert!(matches!(read("0"), Err(ElementError::Unknown(_))));
        assert!(matches!(read("0108904000210038"), Err(ElementError::Gtin(_))));
        assert!(matches!(read("0189040002"), Err(ElementError::Value { .. })));
        assert!(matches!(read("10"), Err(ElementError::Value { .. })));
        assert!(matches!(read("3€"), Err(ElementError::Unknown(_))));
        assert!(matches!(read("1०0"), Err(ElementError::Unknown(_))));
        assert!(matches!(read("3931€1"), Err(ElementError::Value { .. })));
    }
}
